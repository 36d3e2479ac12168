"""What decorators do to a task."""

import os
import sys
import time

from metaflow import FlowSpec, card, catch, current, environment, retry, secrets, step, timeout
from metaflow.cards import Markdown, ProgressBar


class DecoratedFlow(FlowSpec):
    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        print("attempt", current.retry_count)
        print("on stderr", file=sys.stderr)
        if current.retry_count == 0:
            raise ValueError("not yet")
        if current.retry_count == 1:
            os._exit(9)
        self.next(self.caught, self.late, self.told, self.carded, self.broken)

    @catch(var="why", print_exception=True)
    @retry(times=1, minutes_between_retries=0)
    @step
    def caught(self):
        raise KeyError("for good")
        self.next(self.join)

    @catch(var="why")
    @timeout(seconds=1)
    @step
    def late(self):
        time.sleep(5)
        self.next(self.join)

    @secrets(
        sources=[{"type": "inline", "id": "it", "options": {"env_vars": {"SECRET": "s3cret"}}}]
    )
    @environment(vars={"PLAIN": "value", "OMP_NUM_THREADS": "3"})
    @step
    def told(self):
        self.plain, self.threads = os.environ["PLAIN"], os.environ["OMP_NUM_THREADS"]
        self.secret = os.environ["SECRET"]
        self.next(self.join)

    @card
    @card(type="blank", id="own")
    @step
    def carded(self):
        bar = ProgressBar(max=3)
        current.card["own"].append(Markdown("# a title"))
        current.card["own"].append(bar)
        for i in range(3):
            bar.update(i)
            current.card["own"].refresh()
        self.value = [1, 2, 3]
        self.next(self.join)

    @card(type="there_is_none")
    @card(timeout=5, id="slow")
    @step
    def broken(self):
        self.value = Own()
        self.next(self.join)

    @step
    def join(self, inputs):
        self.why = sorted(repr(getattr(one, "why", None)) for one in inputs)
        self.next(self.end)

    @environment(vars={"PLAIN": "value", "TZ": "Asia/Tokyo"})
    @step
    def end(self):
        print(time.strftime("%z", time.localtime(0)), os.environ["PLAIN"], "SECRET" in os.environ)


class Own:
    """A class of the flow's file, which a card has to find."""

    def __repr__(self):
        return "its own"


if __name__ == "__main__":
    DecoratedFlow()
