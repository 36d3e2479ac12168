"""The smallest flow that branches and joins: python examples/example_graph.py run."""

from metaflow import FlowSpec, step


class ExampleGraph(FlowSpec):
    """Two ways to enlarge a number, side by side."""

    @step
    def start(self):
        """Set x to 1."""
        self.x = 1
        self.next(self.a, self.b)

    @step
    def a(self):
        """Add 2."""
        self.y = self.x + 2
        self.next(self.join)

    @step
    def b(self):
        """Add 1."""
        self.y = self.x + 1
        self.next(self.join)

    @step
    def join(self, inputs):
        """Keep the larger."""
        self.y = max(branch.y for branch in inputs)
        self.next(self.end)

    @step
    def end(self):
        """Print it."""
        print("y", self.y)


if __name__ == "__main__":
    from mlstages.launch.identity import supply_username

    supply_username()  # Metaflow asks for one, and a container has none
    ExampleGraph()
