"""A step that kills warm processes of its own run."""

import os
import signal
import time

from metaflow import FlowSpec, Parameter, current, step


def find_warm():
    """Return the warm processes of this run, the first one first."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                title = file.read()
            with open(f"/proc/{name}/stat") as file:
                after = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if title.startswith(b"mlstages zygote of") and current.run_id.encode() in title:
            found.append((int(after[19]), int(name)))
    return [pid for _, pid in sorted(found)]


class KillingFlow(FlowSpec):
    spared = Parameter("spared", default=0)

    @step
    def start(self):
        time.sleep(0.3)  # the next child is ready by then
        for pid in find_warm()[self.spared :]:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        self.next(self.plot)

    @step
    def plot(self):
        import networkx

        self.name = networkx.__name__
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    KillingFlow()
