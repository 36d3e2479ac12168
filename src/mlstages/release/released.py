"""A released model: all that a server, a page and a monitor need to know of it.

Plain values and the standard library. A linear model is in it as numbers; any other one stays
in its run, where `mlstages.runs.trained.read_model` gets it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from mlstages.release.linear import LinearForm
from mlstages.release.schema import Field, Schema

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One release of a run's model.

    Parameters
    ----------
    number : int
        From 1, in the order of releases of the flow.
    run : str
        ``<flow>/<run id>``.
    who, when, why : str
        Who released it, the time in UTC as ISO 8601 has it, and the reason.
    forced : bool
        Whether it was released although it is not trusted.
    checks : tuple of dict
        What the report of `mlstages.trust` had of each check.
    metrics, baseline : dict of str to float
        By name, on the test rows: ``mse`` and ``r2``, or ``accuracy`` and ``macro_f1``.
    data_sha256 : str or None
    is_classifier : bool
    schema : Schema
    container : str
        What its ``predict`` takes rows in: a `mlstages.trained.Container`.
    n_train : int
    error_range : tuple of two floats, or None
        5 % of the test rows were further below their prediction than the first says (it is
        negative, as a rule), and 5 % further above than the second; of a regression.
    form : LinearForm or None
        None if the model itself has to be asked.
    examples : tuple of (list, object)
        Values of rows, and what the model predicts for each: they are compared at load.
    predicted : Field or None
        The predictions for the test rows, described as a target is: what predictions are held
        against. (They vary less than the target does, and those for training rows may fit it.)
    """

    number: int
    run: str
    who: str
    when: str
    why: str
    forced: bool
    checks: tuple[dict[str, Any], ...]
    metrics: dict[str, float]
    baseline: dict[str, float]
    data_sha256: str | None
    is_classifier: bool
    schema: Schema
    container: str
    n_train: int
    error_range: tuple[float, float] | None
    form: LinearForm | None
    examples: tuple[tuple[list[Any], Any], ...]
    predicted: Field | None = None

    @property
    def flow_name(self) -> str:
        """The flow that it is of."""
        return self.run.partition("/")[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the release as JSON can carry it."""
        return {"format": FORMAT} | asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Released":
        """Return what `to_dict` was given, also after JSON."""
        values = {name: value for name, value in plain.items() if name != "format"}
        form, error_range = values["form"], values["error_range"]
        predicted = values.get("predicted")
        return cls(
            **values
            | {
                "checks": tuple(values["checks"]),
                "schema": Schema.from_dict(values["schema"]),
                "error_range": None if error_range is None else tuple(error_range),
                "form": None if form is None else LinearForm.from_dict(form),
                "examples": tuple((row, y_predicted) for row, y_predicted in values["examples"]),
                "predicted": None if predicted is None else Field.from_dict(predicted),
            }
        )
