"""A step that is run on several nodes at once."""

from metaflow import FlowSpec, current, parallel, step


class ParallelNodesFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.work, num_parallel=2)

    @parallel
    @step
    def work(self):
        self.node = current.parallel.node_index
        print("node", self.node)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.nodes = sorted(one.node for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ParallelNodesFlow()
