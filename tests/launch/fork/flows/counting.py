"""Tasks that write down each of their executions, in one file for the run."""

import os
import time

from metaflow import FlowSpec, Parameter, current, retry, step


def write_down(index):
    with open(os.environ["EXECUTIONS"], "a") as file:
        file.write(f"{current.run_id} {current.step_name} {index} {current.retry_count}\n")


class CountingFlow(FlowSpec):
    tasks = Parameter("tasks", default=100)
    seconds = Parameter("seconds", default=0.0)

    @retry(times=4, minutes_between_retries=0)
    @step
    def start(self):
        write_down(0)
        self.items = list(range(self.tasks))
        self.next(self.count, foreach="items")

    @retry(times=4, minutes_between_retries=0)
    @step
    def count(self):
        write_down(self.input)
        time.sleep(self.seconds)
        self.next(self.join)

    @retry(times=4, minutes_between_retries=0)
    @step
    def join(self, inputs):
        write_down(0)
        self.counted = len(list(inputs))
        self.next(self.learn)

    @retry(times=4, minutes_between_retries=0)
    @step
    def learn(self):
        import numpy as np

        write_down(np.int64(0))
        self.next(self.end)

    @retry(times=4, minutes_between_retries=0)
    @step
    def end(self):
        write_down(0)


if __name__ == "__main__":
    CountingFlow()
