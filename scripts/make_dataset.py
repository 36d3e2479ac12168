"""Write data/regression_dataset.txt, byte for byte: 1,000 rows of one feature and a target."""

import sys
from pathlib import Path

from sklearn.datasets import make_regression

DATASET = Path(__file__).parent.parent / "data" / "regression_dataset.txt"


def make_dataset() -> str:
    """Return the lines ``x<TAB>y``, floats as Python's `repr` writes them."""
    X, y, _coefficient = make_regression(
        n_samples=1000, n_features=1, n_informative=1, noise=10, coef=True, random_state=42
    )
    rows = zip(X[:, 0].tolist(), y.tolist(), strict=True)
    return "".join(f"{x!r}\t{target!r}\n" for x, target in rows)


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATASET
    path.write_text(make_dataset(), encoding="ascii", newline="\n")
