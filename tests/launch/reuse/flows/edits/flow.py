from helpers import apply_all, scale
from metaflow import FlowSpec, IncludeFile, Parameter, step
from shapes import Square


class Edited(FlowSpec):
    """Branches, a foreach, joins and a switch, over small numbers."""

    alpha = Parameter("alpha", default=2)
    beta = Parameter("beta", default=3)
    gamma = Parameter("gamma", default=0)
    table = IncludeFile("table", default="table.txt")
    LIMIT = 10

    @step
    def start(self):
        """Begin."""
        self.numbers = [1, 2, 3]
        self.untouched = 7
        self.next(self.left, self.right)

    @step
    def left(self):
        self.scaled = scale(self.numbers[0], self.alpha)
        self.next(self.both)

    @step
    def right(self):
        import fakepkg

        self.square = Square(self.beta)
        self.area = self.square.area() + self._bonus() + fakepkg.NOTHING
        self.next(self.both)

    def _bonus(self):
        return self.LIMIT

    @step
    def both(self, inputs):
        self.total = inputs.left.scaled + inputs.right.area
        self.merge_artifacts(inputs, include=["numbers", "untouched", "square"])
        self.next(self.fan)

    @step
    def fan(self):
        self.items = list(self.numbers)
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.done = self.input * 10
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.sum = sum(task.done for task in inputs)
        self.merge_artifacts(inputs, exclude=["done"])
        self.next(self.choose)

    @step
    def choose(self):
        self.kind = "many" if self.sum > 20 else "few"
        self.next({"many": self.many, "few": self.few}, condition="kind")

    @step
    def many(self):
        self.text = apply_all(self.table)
        self.next(self.end)

    @step
    def few(self):
        self.text = "few"
        self.next(self.end)

    @step
    def end(self):
        self.side = self.square.side()
        print(self.total, self.text, self.untouched)


if __name__ == "__main__":
    Edited()
