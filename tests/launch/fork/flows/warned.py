"""Imports libraries that warn, at different times; its own text is warned about as well."""

import sys
import warnings

import networkx
from metaflow import FlowSpec, step

PATTERN = "\d"  # noqa: W605


class WarnedFlow(FlowSpec):
    @step
    def start(self):
        assert networkx
        self.next(self.late)

    @step
    def late(self):
        if sys.warnoptions != ["ignore"]:  # Metaflow has them ignored
            warnings.simplefilter("always")
        print("before", file=sys.stderr)
        import plotly
        from seaborn import palettes

        print("after", plotly.__name__, palettes.__spec__.name, file=sys.stderr)
        import plotly

        self.next(self.silenced)

    @step
    def silenced(self):
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", message="plotly")
        import plotly

        assert plotly
        self.next(self.end)

    @step
    def end(self):
        print(type(networkx), sorted(vars(networkx).keys() - {"__cached__"}))
        print(warnings.showwarning, warnings.filters[:1])


if __name__ == "__main__":
    WarnedFlow()
