"""Every shape of graph, and what a run can be given."""

from metaflow import Config, FlowSpec, IncludeFile, Parameter, current, step
from metaflow import resources as needs


class ShapesFlow(FlowSpec):
    number = Parameter("number", default=3, type=int)
    text = IncludeFile("text", default=__file__)
    config = Config("config", default_value={"size": 2, "name": "ada"})

    @needs(memory=128)
    @step
    def start(self):
        """Begin."""
        self.length = len(self.text)
        print(
            "start", current.step_name, current.retry_count, current.username, sorted(current.tags)
        )
        print(current.origin_run_id, current.namespace)
        self.next(self.left, self.right)

    @step
    def left(self):
        self.side = "left"
        self.next(self.meet)

    @step
    def right(self):
        self.side = "right"
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.sides = sorted(one.side for one in inputs)
        self.merge_artifacts(inputs, exclude=["side"])
        self.next(self.fan)

    @step
    def fan(self):
        self.outer_items = list(range(self.config.size))
        self.next(self.outer, foreach="outer_items")

    @step
    def outer(self):
        self.inner_items = "ab"
        self.next(self.inner, foreach="inner_items")

    @step
    def inner(self):
        self.stack = repr(self.foreach_stack())
        print(self.index, self.input)
        self.next(self.join_inner)

    @step
    def join_inner(self, inputs):
        self.stacks = [one.stack for one in inputs]
        self.next(self.join_outer)

    @step
    def join_outer(self, inputs):
        self.stacks = [one.stacks for one in inputs]
        self.count = 0
        self.next(self.loop)

    @step
    def loop(self):
        self.count += 1
        self.again = "yes" if self.count < 2 else "no"
        self.next({"yes": self.loop, "no": self.end}, condition="again")

    @step
    def end(self):
        print(self.count, self.stacks)


if __name__ == "__main__":
    ShapesFlow()
