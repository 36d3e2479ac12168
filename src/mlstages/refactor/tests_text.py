"""The proof as a test: pytest runs the script, the functions and the flow again."""

from collections.abc import Sequence

from mlstages.refactor.argument import to_literal


def write_test(script: str, files: Sequence[str], arguments: Sequence[str] = ()) -> str:
    """Return the text of the test.

    Parameters
    ----------
    script : str
        The name of the user's file.
    files : sequence of str
        The names of the files to hold against it.
    arguments : sequence of str
        What the script is given.
    """
    words = ", ".join(map(to_literal, ["--", *arguments]))
    given = f"ARGUMENTS = [{words}]\n" if arguments else ""
    others = "SCRIPT.with_name(other), *ARGUMENTS" if arguments else "SCRIPT.with_name(other)"
    command = f'[sys.executable, "-m", "mlstages", "verify", SCRIPT, {others}]'
    tests = "\n\n\n".join(_test(name) for name in files)
    return (
        f'"""{script} and what it was grown into do the same: run pytest on this file."""\n\n'
        "import subprocess\nimport sys\nfrom pathlib import Path\n\n"
        f'SCRIPT = Path(__file__).with_name("{script}")\n{given}\n\n'
        "def verify(other):\n"
        '    """Run both and compare output, figures, files and variables."""\n'
        f"    command = {command}\n"
        "    return subprocess.run(command, capture_output=True, text=True)\n\n\n"
        f"{tests}\n"
    )


def _test(name: str) -> str:
    kind = "flow" if name.endswith("_flow.py") else "functions"
    verb = "does" if kind == "flow" else "do"
    return (
        f"def test_the_{kind}_{verb} what_the_script_does():\n"
        f'    result = verify("{name}")\n'
        "    assert result.returncode == 0, result.stdout + result.stderr"
    ).replace(f"{verb} what", f"{verb}_what")
