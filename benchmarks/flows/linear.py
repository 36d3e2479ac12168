"""Three tasks that do nothing: what is left is the price of the run itself."""

from metaflow import FlowSpec, step


class LinearFlow(FlowSpec):
    """One after the other."""

    @step
    def start(self):
        self.next(self.middle)

    @step
    def middle(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    LinearFlow()
