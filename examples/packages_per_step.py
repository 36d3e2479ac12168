"""Packages of its own for each step: resolved and installed by Metaflow, where the step runs."""

from metaflow import FlowSpec, conda, pypi, step


class PackagesFlow(FlowSpec):
    """A step with packages from PyPI, one with packages from conda."""

    @pypi(python="3.11", packages={"scikit-learn": "1.9.1", "polars": "2.1.0"})
    @step
    def start(self):
        import sklearn

        self.version = sklearn.__version__
        self.next(self.end)

    @conda(packages={"numpy": "2.4.6"})
    @step
    def end(self):
        print(self.version)


if __name__ == "__main__":
    PackagesFlow()
