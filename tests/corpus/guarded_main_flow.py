"""The stages of guarded_main.py as a flow: python guarded_main_flow.py run."""

import random

import guarded_main_functions as functions
from metaflow import FlowSpec, Parameter, step


class GuardedMainFlow(FlowSpec):
    """Cluster random points and say where the centres are."""

    N_POINTS = Parameter(
        "N_POINTS", type=int, default=60, help="N_POINTS of the script"
    )

    @step
    def start(self):
        """Set random seed."""
        functions.set_random_seed()
        self.random_state_of_python = random.getstate()
        self.next(self.draw_points_around_centres)

    @step
    def draw_points_around_centres(self):
        """Draw the points around the centres."""
        random.setstate(self.random_state_of_python)
        self.points = functions.draw_points_around_centres(self.N_POINTS)
        self.next(self.move_centres_until_nothing_changes)

    @step
    def move_centres_until_nothing_changes(self):
        """Move the centres until nothing changes."""
        self.centres, self.rounds = functions.move_centres_until_nothing_changes(
            self.points
        )
        self.next(self.end)

    @step
    def end(self):
        """Report the result."""
        functions.report_result(self.rounds, self.centres)


if __name__ == "__main__":
    GuardedMainFlow()

# Made by mlstages refactor from guarded_main.py; not proven: nothing was run. [f2b87bfd]
