"""A hundred tasks that do next to nothing."""

from metaflow import FlowSpec, step


class FanOutFlow(FlowSpec):
    """Squares of the first hundred numbers."""

    @step
    def start(self):
        self.numbers = list(range(100))
        self.next(self.square, foreach="numbers")

    @step
    def square(self):
        self.squared = self.input**2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(task.squared for task in inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    FanOutFlow()
