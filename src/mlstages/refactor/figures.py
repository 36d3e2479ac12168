"""Between which statements a figure of matplotlib is still being drawn, as the text tells.

Pyplot keeps a current figure that no name shows. A figure is open from what begins or draws
it to what shows or closes it; a saved one is done if a new one is begun next. What the text
does not tell (a method that plots inside a library) is seen when the script is observed.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.names import root_name

_BEGINS: Final = frozenset({"figure", "subplots", "subplot_mosaic", "matshow", "clf"})
_SAVES: Final = frozenset({"savefig"})
_NO_DRAWING: Final = frozenset(
    "rc rcParams style use cm get_cmap colormaps Normalize switch_backend ion ioff rcdefaults "
    "rc_context Line2D Rectangle Circle Figure Axes MaxNLocator get_backend cycler "
    "set_loglevel pause get_fignums fignum_exists".split()
)
_DRAWING_METHODS: Final = frozenset(
    "plot from_estimator from_predictions from_cv_results hist boxplot scatter plot_surface "
    "plot_tree heatmap pairplot jointplot catplot displot relplot lineplot scatterplot "
    "histplot barplot countplot violinplot kdeplot regplot lmplot clustermap".split()
)


def find_open_figures(analysis: Analysis, indexes: tuple[int, ...]) -> Iterator[int]:
    """Yield the places of the body before which a figure is open that is used below."""
    actions = _find_actions(analysis, indexes)
    state = "closed"
    for place, own in enumerate(actions):
        if _is_used_below(state, actions[place:]):
            yield place
        for action in own:
            state = _NEXT.get(action, state)


_NEXT: Final = {
    "begin": "open",
    "draw": "open",
    "paint": "open",
    "show": "shown",
    "close": "closed",
}
"""What each action leaves behind; saving changes nothing."""


def is_figure_used_below(analysis: Analysis, indexes: tuple[int, ...], place: int) -> bool:
    """Tell whether a figure that is open at a place of the body is used from there on."""
    return _is_used_below("open", _find_actions(analysis, indexes)[place:])


def _find_actions(analysis: Analysis, indexes: tuple[int, ...]) -> list[list[str]]:
    pyplot = _find_pyplot(analysis)
    drawers = _find_drawing_functions(analysis, pyplot)
    return [list(_actions([analysis.statements[i].node], pyplot, drawers)) for i in indexes]


def _is_used_below(state: str, actions: list[list[str]]) -> bool:
    """Tell whether the current figure is drawn on, saved or shown from here on."""
    below = [action for each in actions for action in each]
    if not below or state == "closed":
        return False
    if state == "shown":
        # Without a screen it is still pyplot's current one: what is drawn next is drawn on it.
        return below[0] in ("draw", "save")
    if below[0] == "begin":  # the old figure is left alone, unless all are shown at the end
        return "show" in below
    return True


def _find_pyplot(analysis: Analysis) -> frozenset[str]:
    """Return the names that pyplot has in the script."""
    names = set()
    for statement in analysis.statements:
        for node in statement.walk():
            match node:
                case ast.Import(names=aliases):
                    names |= {
                        alias.asname
                        for alias in aliases
                        if alias.name in ("matplotlib.pyplot", "pylab") and alias.asname
                    }
                case ast.ImportFrom(module="matplotlib", names=aliases):
                    names |= {a.asname or a.name for a in aliases if a.name == "pyplot"}
    return frozenset(names)


def _find_drawing_functions(
    analysis: Analysis, pyplot: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Return the script's own functions that draw, with what they do to figures."""
    drawers: dict[str, tuple[str, ...]] = {}
    for statement in analysis.statements:
        node = statement.node
        if isinstance(node, ast.FunctionDef):
            actions = tuple(_actions(node.body, pyplot, drawers))
            if actions:
                drawers[node.name] = actions
    return drawers


def _actions(
    nodes: Sequence[ast.stmt],
    pyplot: frozenset[str],
    drawers: dict[str, tuple[str, ...]],
) -> Iterator[str]:
    """Yield what the statements do to figures, in the order of the text."""
    for top in nodes:
        if isinstance(top, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        calls = sorted(
            (node for node in ast.walk(top) if isinstance(node, ast.Call)),
            key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0),
        )
        for call in calls:
            function = call.func
            if isinstance(function, ast.Name):
                yield from drawers.get(function.id, ())
                continue
            if not isinstance(function, ast.Attribute):
                continue
            root = root_name(function)
            if root in pyplot and isinstance(function.value, ast.Name):
                yield from _pyplot_action(function.attr)
            elif function.attr in _SAVES:
                yield "save"
            elif function.attr in _DRAWING_METHODS or function.attr.startswith(
                ("set_title", "set_xlabel", "set_ylabel", "tight_layout", "legend", "suptitle")
            ):
                yield "paint"


def _pyplot_action(name: str) -> Iterator[str]:
    if name in ("show", "close"):
        yield name
    elif name in _BEGINS:
        yield "begin"
    elif name in _SAVES:
        yield "save"
    elif name not in _NO_DRAWING:
        yield "draw"
