"""Where one stage ends and the next begins.

A boundary is worth what a person put there (a heading, a comment, a blank line) and the change
of what is done (load, train, plot); it costs what it carries. Stages of like size are
preferred to a large one among crumbs. The best set of boundaries is found exactly, by dynamic
programming over the statements of the body, and never uses one that is vetoed.
"""

import ast
import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.head import Head
from mlstages.refactor.headings import Piece, Strength
from mlstages.refactor.liveness import Body
from mlstages.refactor.own_calls import find_own_call, find_own_methods
from mlstages.refactor.sentences import is_instruction, is_remark

_SIZE: Final = 8.0
"""The weight of sizes: a cut into two equal halves gains half of it."""
_PRICE: Final = 0.45
_PRICE_OF_JOINED: Final = 0.4
_WORTH: Final = {
    Strength.NONE: -0.9,
    Strength.BLANK: 0.1,
    Strength.COMMENT: 0.45,
    Strength.SECTION: 1.2,
    Strength.FIXED: 20.0,
}
_WORTH_OF_PARAGRAPH: Final = 0.4
"""More for a comment of one line below a blank one, or a heading: a person's title."""
_PRICE_OF_FINISH: Final = 1.2
_PRICE_OF_LOOK: Final = 3.0
_FINISHES: Final = frozenset(
    ("show", "tight_layout", "savefig", "legend", "subplots_adjust", "close", "despine")
)
"""Calls that end a plot: without words above them they are no stage."""
_LOOKS: Final = frozenset(
    "head tail sample describe value_counts nunique unique isna isnull sum mean median std min max "
    "corr crosstab sort_values round score any all count groupby size quantile".split()
)
"""Calls that give a value to look at: where nothing takes it, they are no stage."""
_MOST_STAGES: Final = 12
_ENOUGH_FOR_THREE: Final = 8
"""Statements from which on three stages are wanted wherever they are possible."""

_PHASES: Final = (
    ("load", ("load_", "fetch_", "read_", "make_", "loadtxt", "genfromtxt", "urlopen")),
    ("save", ("to_csv", "to_parquet", "to_pickle", "to_json", "dump", "savetxt", "write_text")),
    ("split", ("train_test_split", "KFold", "ShuffleSplit", "StratifiedKFold", "random_split")),
    ("train", ("fit", "fit_transform", "fit_predict", "partial_fit", "train", "GridSearchCV")),
    ("evaluate", ("predict", "score", "_score", "_error", "cross_val", "classification_report")),
    (
        "plot",
        (
            *("plot", "scatter", "subplots", "figure", "show", "hist", "imshow", "savefig"),
            *("contour", "contourf", "bar", "barh", "boxplot", "heatmap", "pie", "matshow"),
            *("hist2d", "hexbin", "errorbar", "violinplot", "fill_between", "draw_", "plot_"),
        ),
    ),
    ("report", ("print", "display")),
)


class Cut(NamedTuple):
    """The statements of one stage, by their places in the body."""

    first: int
    last: int


class Cutting(NamedTuple):
    """What a cut must heed."""

    vetoed: frozenset[int]
    """Places of the body before which there can be no boundary."""
    joined: frozenset[int] = frozenset()
    """Places that the flow cannot have: a boundary there is worth less."""
    wanted: frozenset[int] = frozenset()
    """Places before which there must be one."""
    n_stages: int | None = None
    """How many are wanted; None lets the text decide. As many as the vetoes allow are made."""


def cut_body(
    analysis: Analysis, head: Head, body: Body, pieces: Sequence[Piece], cutting: Cutting
) -> list[Cut]:
    """Return the stages as places of the body."""
    if not pieces:
        return []
    n_stages = cutting.n_stages
    prices = _price_places(analysis, head, body, pieces, cutting)
    allowed = sum(price is not None for price in prices[1:]) + 1
    if n_stages is not None:
        return _cut_into(prices, len(pieces), min(n_stages, allowed))
    for discount in (0.0, 0.3, 0.6, 1.0, 1.5, 2.5):
        cuts = _best_cut(prices, len(pieces), -discount)
        if len(cuts) >= min(3, allowed) or len(pieces) < _ENOUGH_FOR_THREE:
            break
    if len(cuts) <= _MOST_STAGES:
        return cuts
    # The least surcharge on a boundary with which there are not too many, by halving.
    low, high = 0.0, 2.0
    few = _best_cut(prices, len(pieces), high)
    for _ in range(5):
        surcharge = (low + high) / 2
        found = _best_cut(prices, len(pieces), surcharge)
        if len(found) <= _MOST_STAGES:
            few, high = found, surcharge
        else:
            low = surcharge
    return few


def join_cuts(cuts: Sequence[Cut], joined: frozenset[int]) -> list[range]:
    """Return the steps of the flow, as the numbers of the stages that each runs."""
    begins = [number for number, cut in enumerate(cuts) if not number or cut.first not in joined]
    return [range(*pair) for pair in itertools.pairwise([*begins, len(cuts)])]


def _price_places(
    analysis: Analysis,
    head: Head,
    body: Body,
    pieces: Sequence[Piece],
    cutting: Cutting,
) -> list[float | None]:
    """Return what a boundary before each statement costs; None where it cannot be."""
    methods = find_own_methods(analysis, head, [piece.statement for piece in pieces])
    is_own = [
        piece.statement in methods or find_own_call(analysis, head, piece.statement) is not None
        for piece in pieces
    ]
    phases = [find_phase(analysis, piece.statement) for piece in pieces]
    prices: list[float | None] = []
    for place, piece in enumerate(pieces):
        if place in cutting.vetoed:
            prices.append(None)
            continue
        if place in cutting.wanted:
            prices.append(-_WORTH[Strength.FIXED])
            continue
        carried = len(body.live[place])
        price = _PRICE - _WORTH[piece.heading.strength]
        price -= _WORTH_OF_PARAGRAPH * _begins_paragraph(piece)
        price += _PRICE_OF_JOINED * (place in cutting.joined)
        price += 0.06 * max(0, carried - 2) + 0.15 * max(0, carried - 5)
        if place and phases[place] != phases[place - 1] and phases[place]:
            price -= 0.25
        is_finish = piece.heading.strength <= Strength.BLANK and _is_finish(analysis, piece)
        has_words = piece.heading.title or is_instruction(piece.heading.prose)
        price += _PRICE_OF_FINISH * is_finish
        price += _PRICE_OF_LOOK * (not has_words and _only_shows(analysis, piece))
        if place and (is_own[place] or is_own[place - 1]):  # a person's own composition
            price -= 0.8 + 0.9 * (piece.heading.strength == Strength.NONE)
        prices.append(price)
    return prices


def _begins_paragraph(piece: Piece) -> bool:
    """Tell whether a title stands above a statement: no mark of a cell, or a sentence, alone."""
    heading = piece.heading
    is_comment = heading.strength == Strength.COMMENT and not piece.above[0].strip()
    is_section = heading.strength == Strength.SECTION
    return (is_comment or is_section) and bool(heading.title) and not is_remark(heading.title)


def _is_finish(analysis: Analysis, piece: Piece) -> bool:
    match analysis.statements[piece.statement].node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name in _FINISHES
    return False


def _only_shows(analysis: Analysis, piece: Piece) -> bool:
    """Tell whether a statement is but a value, as the last line of a cell: ``df.head()``."""
    match analysis.statements[piece.statement].node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name in _LOOKS
        case ast.Expr(value=ast.Name() | ast.Attribute() | ast.Subscript() | ast.Compare()):
            return True
    return False


def find_phase(analysis: Analysis, index: int) -> str:
    """Return what kind of work a statement does, by what it calls; empty if nothing tells."""
    if is_training_loop(analysis.statements[index].node):
        return "train"
    called = []
    for node in analysis.statements[index].walk():
        if isinstance(node, ast.Call):
            function = node.func
            called.append(
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", "")
            )
    for phase, words in _PHASES:
        for word in words:
            for name in called:
                if name == word or (word.endswith("_") and name.startswith(word)):
                    return phase
                if word.startswith("_") and name.endswith(word):
                    return phase
    return ""


def is_training_loop(node: ast.stmt) -> bool:
    """Tell whether a loop goes over epochs, as people write who train by hand."""
    match node:
        case ast.For(target=target, iter=over) if len(node.body) > 1:
            names = [n.id.lower() for n in ast.walk(target) if isinstance(n, ast.Name)]
            names += [n.id.lower() for n in ast.walk(over) if isinstance(n, ast.Name)]
            names += [n.attr.lower() for n in ast.walk(over) if isinstance(n, ast.Attribute)]
            return any("epoch" in n or n in _ITERATIONS for n in names)
    return False


_ITERATIONS: Final = frozenset(
    "iteration iterations n_iter n_iters num_iter num_iters max_iter n_iterations iters n_steps "
    "num_steps".split()
)


def _stage_cost(size: int, total: int) -> float:
    crumb = 0.25 if size == 1 else 0.0
    return _SIZE * (size / total) ** 2 + crumb


def _best_cut(prices: Sequence[float | None], total: int, surcharge: float) -> list[Cut]:
    best = [0.0] + [float("inf")] * total
    start = [0] * (total + 1)
    for end in range(1, total + 1):
        for first in range(end):
            price = prices[first] if first else 0.0
            if price is None:
                continue
            cost = best[first] + _stage_cost(end - first, total)
            cost += price + surcharge if first else 0.0
            if cost < best[end]:
                best[end], start[end] = cost, first
    return _trace(lambda end, _: start[end], total, 0)


def _cut_into(prices: Sequence[float | None], total: int, wanted: int) -> list[Cut]:
    infinity = float("inf")
    best = [[infinity] * (total + 1) for _ in range(wanted + 1)]
    start = [[0] * (total + 1) for _ in range(wanted + 1)]
    best[0][0] = 0.0
    for count in range(1, wanted + 1):
        for end in range(count, total + 1):
            for first in range(count - 1, end):
                price = prices[first] if first else 0.0
                if price is None:
                    continue
                cost = best[count - 1][first] + price + _stage_cost(end - first, total)
                if cost < best[count][end]:
                    best[count][end], start[count][end] = cost, first
    return _trace(lambda end, count: start[count][end], total, wanted)


def _trace(start_of, total: int, count: int) -> list[Cut]:  # type: ignore[no-untyped-def]
    cuts = []
    end = total
    while end > 0:
        first = start_of(end, count)
        cuts.append(Cut(first, end - 1))
        end, count = first, count - 1
    return cuts[::-1]
