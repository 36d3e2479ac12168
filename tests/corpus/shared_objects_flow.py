"""The stages of shared_objects.py as a flow: python shared_objects_flow.py run."""

import shared_objects_functions as functions
from metaflow import FlowSpec, step


class SharedObjectsFlow(FlowSpec):
    """The stages of shared_objects.py."""

    @step
    def start(self):
        """Read rows."""
        self.rows, self.cheap = functions.read_rows()
        self.next(self.raise_prices)

    @step
    def raise_prices(self):
        """Raise prices."""
        functions.raise_prices(self.rows, self.cheap)
        self.next(self.end)

    @step
    def end(self):
        """Report rows."""
        functions.report_rows(self.rows)


if __name__ == "__main__":
    SharedObjectsFlow()

# Made by mlstages refactor from shared_objects.py; not proven: nothing was run. [843a0885]
