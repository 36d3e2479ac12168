"""The stages of lifted_function.py as a flow: python lifted_function_flow.py run."""

import lifted_function_functions as functions
from metaflow import FlowSpec, Parameter, step


class LiftedFunctionFlow(FlowSpec):
    """Fit a polynomial, and draw it with the points."""

    degree = Parameter("degree", type=int, default=3, help="of the polynomial")

    @step
    def start(self):
        """Make noisy points on a curve."""
        self.x, self.y = functions.make_noisy_points()
        self.next(self.fit_polynomial)

    @step
    def fit_polynomial(self):
        """Fit the polynomial."""
        self.coefficients = functions.fit_polynomial(self.x, self.y, self.degree)
        self.next(self.end)

    @step
    def end(self):
        """Draw the curve."""
        functions.draw_curve(self.degree, self.x, self.y, self.coefficients)


if __name__ == "__main__":
    LiftedFunctionFlow()

# Made by mlstages refactor from lifted_function.py; not proven: nothing was run. [67a7c678]
