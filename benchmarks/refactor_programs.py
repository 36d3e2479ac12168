"""Write programs that nobody would: what Python parses, made by hypothesmith.

python benchmarks/refactor_programs.py FOLDER [--programs 200] [--seed 0]

Half of them follow Python's grammar, half are made of libcst's nodes. Prints the path of each.
"""

import argparse
import ast
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path

import hypothesmith
from hypothesis import HealthCheck, Phase, given, seed, settings

SETTINGS = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


def collect(strategy: object, n: int, begin: int) -> dict[str, None]:
    """Return about `n` programs, each once, in the order in which they were made."""
    made: dict[str, None] = {}

    def keep(text: str) -> None:
        try:
            ast.parse(text.encode())
        except (SyntaxError, ValueError, UnicodeEncodeError):  # half of a surrogate pair
            return
        made[text] = None

    run: Callable[[], None] = given(strategy)(keep)
    seed(begin)(settings(max_examples=n, **SETTINGS)(run))()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of what the programs hold
    options.folder.mkdir(parents=True, exist_ok=True)
    strategies = (hypothesmith.from_grammar(), hypothesmith.from_node())
    texts = itertools.chain.from_iterable(
        collect(strategy, options.programs // 2, options.seed) for strategy in strategies
    )
    for number, text in enumerate(texts):
        path = options.folder / f"program_{number:04}.py"
        path.write_bytes(text.encode())
        print(path, flush=True)


if __name__ == "__main__":
    main()
