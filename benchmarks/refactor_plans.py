"""Time the analysis of `mlstages refactor` in one warm process, and count what it cannot take.

python benchmarks/refactor_plans.py [--rounds 3] [--written] < PATHS

For each path on standard input a line of JSON: the least milliseconds of the rounds; the reasons of
a refusal; or the error of a crash. What Python itself does not parse is left out. Also with all
files written, of which each has to be Python.
"""

import argparse
import ast
import json
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 30


def read(path: Path) -> str | None:
    """Return a file's text if Python takes it."""
    try:
        # utf-8-sig: a mark of the byte order is no part of the text.
        text = path.read_text(encoding="utf-8-sig")
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    return text


def find_planner() -> Callable[[str, Path], object]:
    """Return what plans a text: the public function, or else what the command calls."""
    from mlstages import refactor

    plan = getattr(refactor, "plan", None)
    if callable(plan):
        return lambda text, path: plan(text, path=path)
    from mlstages.refactor.planning import plan_script
    from mlstages.refactor.script import decode_script

    return lambda text, path: plan_script(decode_script(text.encode(), str(path)))


def find_writer() -> Callable[[str, Path], object]:
    """Return what plans a file and writes the texts of all that is made of it."""
    from mlstages.refactor.refactoring import Terms, refactor_script

    def write(_text: str, path: Path) -> None:
        for name, made in refactor_script(path, terms=Terms(is_run=False)).files.items():
            compile(made, name, "exec", dont_inherit=True)

    return write


def time_plan(
    plan: Callable[[str, Path], object], path: Path, text: str, rounds: int
) -> dict[str, Any]:
    from mlstages.errors import MlstagesError

    seconds = []
    try:
        for _ in range(rounds):
            start = time.perf_counter()
            plan(text, path)
            seconds.append(time.perf_counter() - start)
    except MlstagesError as error:
        return {"refused": str(error)}
    except Exception as error:  # whatever it is, it is a crash of ours
        return {"crash": f"{type(error).__name__}: {error}"}
    return {"milliseconds": round(min(seconds) * 1000, 2)}


def give_up(_number: int, _frame: object) -> None:
    raise TimeoutError(f"it took more than {PATIENCE} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--written", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of what the files themselves hold
    signal.signal(signal.SIGALRM, give_up)
    plan = find_writer() if options.written else find_planner()
    for line in sys.stdin:
        path = Path(line.strip())
        text = read(path)
        if text is not None:
            signal.alarm(PATIENCE)
            answer = time_plan(plan, path, text, options.rounds)
            signal.alarm(0)
            print(json.dumps({"path": str(path), **answer}), flush=True)


if __name__ == "__main__":
    main()
