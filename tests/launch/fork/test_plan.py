"""What a flow's text tells of its warm processes: nothing of it is run."""

from mlstages.launch.fork.plan import plan_pools
from mlstages.launch.fork.preload import find_imports

FLOW = """
from metaflow import FlowSpec, card as page, retry, step

class CardFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.draw)

    @page(type="blank")
    @step
    def draw(self):
        import pandas
        self.next(self.end)

    @retry
    @step
    def end(self):
        import numpy

raise SystemExit("this is not run")
"""


def plan_of(tmp_path, text):
    path = tmp_path / "flow.py"
    path.write_text(text)
    return plan_pools(find_imports(path))


def test_the_steps_with_cards_say_where_what_cards_need_is_imported(tmp_path):
    plan = plan_of(tmp_path, FLOW)
    draws = [pool.draws_cards for pool in plan.pools]
    assert [draws[plan.pool_of_step[step]] for step in ("start", "draw", "end")] == [
        False, True, False,
    ]  # fmt: skip
    assert [pool.draws_cards for pool in plan.flatten().pools] == draws


def test_another_decorator_of_that_name_is_none(tmp_path):
    plan = plan_of(tmp_path, FLOW.replace("card as page", "card").replace("@page", "@draw.card"))
    assert not any(pool.draws_cards for pool in plan.pools)
