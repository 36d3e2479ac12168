"""Data checks: whether a model can be made of a table, and what is odd about it.

Each check is one function in the table `CHECKS`. A run goes through those that would stop
it, in its step `check_dataset`; `check_table` goes through all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from mlstages.checks.columns import find_constant_features, find_leaks, find_outliers
from mlstages.checks.finding import CHECKS, Finding, Severity, Subject
from mlstages.checks.rows import find_duplicate_rows, find_rows_on_both_sides
from mlstages.checks.values import (
    find_constant_target,
    find_infinite_values,
    find_missing_cells,
    find_target_out_of_range,
    find_too_few_rows,
    find_too_large_values,
    find_too_many_categories,
    find_wrong_types,
)
from mlstages.config import Missing, PipelineConfig
from mlstages.data import Layout, load_dataset
from mlstages.errors import DataError

__all__ = [
    "CHECKS",
    "CheckReport",
    "Finding",
    "Severity",
    "Subject",
    "check_dataset",
    "check_table",
    "find_constant_features",
    "find_constant_target",
    "find_duplicate_rows",
    "find_infinite_values",
    "find_leaks",
    "find_missing_cells",
    "find_outliers",
    "find_rows_on_both_sides",
    "find_target_out_of_range",
    "find_too_few_rows",
    "find_too_large_values",
    "find_too_many_categories",
    "find_wrong_types",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What the checks found in a table.

    Parameters
    ----------
    data : str
        The file, as messages call it.
    n_rows : int
    columns, kinds : tuple of str
        Names of the features, then the target's; and what their cells are.
    header : bool or None
        Whether the first row was taken as names; None where the format carries names.
    findings : tuple of Finding
        Those that would stop a run first.
    """

    data: str
    n_rows: int
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    header: bool | None
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether a run would go through."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        return {
            "data": self.data,
            "passed": self.passed,
            "n_rows": self.n_rows,
            "columns": dict(zip(self.columns, self.kinds, strict=True)),
            "target": self.columns[-1],
            "header": self.header,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def check_table(config: PipelineConfig | None = None) -> CheckReport:
    """Return all findings in the table that a run of this configuration would take.

    Parameters
    ----------
    config : PipelineConfig or None, default=None
        Which table, columns, missing cells and split. None is the packaged data.

    Returns
    -------
    CheckReport

    Raises
    ------
    InputError
        If the file cannot be read or is no table.

    Examples
    --------
    >>> check_table().passed
    True
    """
    config = config or PipelineConfig()
    X, y, layout = load_dataset(
        config.data,
        name=config.data_name,
        target=config.target,
        header=config.header,
        features=config.features,
        drop=config.drop,
    )
    subject = Subject(
        X=X,
        y=y,
        layout=layout,
        target_range=config.target_range,
        missing=config.missing,
        test_size=config.test_size,
        random_state=config.random_state,
    )
    found = [finding for check in CHECKS.values() for finding in check.find(subject)]
    found.sort(key=lambda finding: finding.severity is not Severity.ERROR)  # a stable sort
    return CheckReport(
        data=config.data_name,
        n_rows=len(y),
        columns=layout.columns,
        kinds=layout.kinds,
        header=layout.has_header,
        findings=tuple(found),
    )


def check_dataset(
    X: NDArray[Any],
    y: NDArray[Any],
    layout: Layout,
    target_range: tuple[float, float] | None,
    missing: Missing | str | None = None,
) -> None:
    """Return if a model can be made of the data.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    layout : Layout
        What `load_dataset` returned with them; messages speak of the file's rows.
    target_range : (float, float) or None
        Lowest and highest value that the target may have, both allowed.
    missing : Missing, str or None, default=None
        What will be done about missing cells; None refuses them.

    Raises
    ------
    DataError
        With every reason, not the first: mixed columns, values that are missing, not
        finite or too large to be squared, a target out of range or constant, too few
        rows. Each column at fault is named with its count and its first ten rows.
    """
    subject = Subject(X=X, y=y, layout=layout, target_range=target_range, missing=missing)
    reasons = [f"{finding.message}; {finding.remedy}" for finding in _find_faults(subject)]
    if len(reasons) == 1:
        raise DataError(f"{layout.name}: {reasons[0]}")
    if reasons:
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        raise DataError(f"{layout.name} has {len(reasons)} faults: mend each{listed}")


def _find_faults(subject: Subject) -> Iterator[Finding]:
    for check in CHECKS.values():
        if check.stops_run:
            yield from (f for f in check.find(subject) if f.severity is Severity.ERROR)
