"""The stages of one_figure.py as a flow: python one_figure_flow.py run."""

import one_figure_functions as functions
from metaflow import FlowSpec, Parameter, step


class OneFigureFlow(FlowSpec):
    """Compare two smoothers on one noisy wave, in one figure."""

    n_points = Parameter(
        "n_points", type=int, default=120, help="n_points of the script"
    )
    random_state = Parameter(
        "random_state", type=int, default=3, help="random_state of the script"
    )

    @step
    def start(self):
        """Data generation."""
        self.x, self.y, self.X = functions.generate_data(
            self.random_state, self.n_points
        )
        self.next(self.plot_measured)

    @step
    def plot_measured(self):
        """Plot measured; fit the neighbours; fit the polynomial."""
        fig, ax = functions.plot_measured(self.x, self.y)
        self.y_neighbors = functions.fit_neighbours(self.X, self.y, ax, self.x)
        self.y_ridge = functions.fit_polynomial(self.X, self.y, ax, self.x, fig)
        self.next(self.end)

    @step
    def end(self):
        """Report results."""
        functions.report_results(self.x, self.y_neighbors, self.y_ridge)


if __name__ == "__main__":
    OneFigureFlow()

# Made by mlstages refactor from one_figure.py; not proven: nothing was run. [d85cbc70]
