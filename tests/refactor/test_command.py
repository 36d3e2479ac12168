"""A function that click or typer makes a command of is laid open; its options stay its own."""

import pytest

from mlstages.refactor.arguments import translate_arguments
from mlstages.refactor.flow_text import write_flow
from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.unwrap import unwrap
from script_runs import plan_of, printed_by, script_of

BODY = """
    # load the data
    rows = [n * each for each in range(4)]

    # show the sum
    print(sum(rows))
"""

CLICK = "import click\n\n\n@click.command()\n"
TYPER = "import typer\n\napp = typer.Typer(add_completion=False)\n\n\n@app.command()\n"

OPENED = {
    "an option of click": (
        f"{CLICK}@click.option('--n', default=3, help='how many')\ndef main(n):{BODY}\n\nmain()\n",
        ["--n", "5"],
        'n = Parameter("n", type=int, default=3, help="how many")',
    ),
    "click by other names": (
        "from click import command, option as o\n\n\n@command()\n@o('-n', default=1.5)\n"
        f"def cli(n):{BODY}\n\nif __name__ == '__main__':\n    cli()\n",
        ["-n", "2"],
        'n = Parameter("n", type=float, default=1.5)',
    ),
    "an option that has another name": (
        f"{CLICK}@click.option('--number', '-k', 'n', type=int, required=True)\n"
        f"def main(n):{BODY}\n\nmain()\n",
        ["-k", "2"],
        'n = Parameter("number", type=int, required=True)',
    ),
    "an argument, and a choice": (
        f"{CLICK}@click.argument('n', type=int)\n"
        "@click.option('--how', type=click.Choice(['a', 'b']), default='a')\n"
        f"def main(n, how):\n    print(how){BODY}\n\nmain()\n",
        ["2", "--how=b"],
        'if self.how not in ("a", "b"):',
    ),
    "a flag, and one that is switched off": (
        f"{CLICK}@click.option('--n', default=2)\n@click.option('--loud', '-l', is_flag=True)\n"
        "@click.option('--save/--no-save', default=True)\n"
        f"def main(n, loud, save):\n    print(loud, save){BODY}\n\nmain()\n",
        ["-l", "--no-save"],
        'save = Parameter("save", type=bool, default=True)',
    ),
    "a path": (
        "import pathlib\n\nimport click\n\n\n@click.command()\n@click.option('--n', default=2)\n"
        "@click.option('--out', type=click.Path(path_type=pathlib.Path), default='o')\n"
        f"def main(n, out):\n    print(out.name){BODY}\n\nmain()\n",
        ["--out", "a/b"],
        "self.out_ = functions.pathlib.Path(self.out)",
    ),
    "an argument that is bound anew": (
        f"{CLICK}@click.option('--n', default=2)\ndef main(n):\n    n = n + 1{BODY}\n\nmain()\n",
        [],
        "self.n_ = self.n",
    ),
    "no options": (f"{CLICK}def main():\n    n = 2{BODY}\n\nmain()\n", [], "functions.show_sum("),
    "an early return": (
        f"{CLICK}@click.option('--n', default=2)\n"
        f"def main(n):\n    if n > 2:\n        print('many')\n        return{BODY}\n\nmain()\n",
        ["--n", "3"],
        "except SystemExit as ended:",
    ),
    "a docstring, and what is returned": (
        f"{CLICK}@click.option('--n', default=2)\ndef main(n):\n"
        f"    '''Show a sum.\n\n    Of n.\n    '''{BODY}    return print('ok')\n\nmain()\n",
        [],
        '"""Show a sum."""',
    ),
    "an option's default is a constant's": (
        f"import click\n\nMOST = 4\n\n\n@click.command()\n@click.option('--n', default=2)\n"
        f"def main(n):\n    print(MOST){BODY}\n\nmain()\n",
        [],
        "functions.show_sum(",
    ),
    "a default that is a constant": (
        f"import click\n\nMANY = 4\n\n\n@click.command()\n@click.option('--n', default=MANY)\n"
        f"def main(n):{BODY}\n\nmain()\n",
        [],
        'n = Parameter("n", type=int, default=functions.MANY)',
    ),
    "a constant of typer": (
        f"MANY = 4\n{TYPER}def main(n: int = MANY):{BODY}\n\napp()\n",
        [],
        'n = Parameter("n", type=int, default=functions.MANY)',
    ),
    "two blanks of margin, and a docstring": (
        "import click\n\n@click.command()\n@click.option('--n', default=2)\ndef main(n):\n"
        '  """Show.\n\n  A sum.\n  """\n  # load\n  a = [n]\n\n  # show\n  print(a)\n\n\nmain()\n',
        [],
        '"""Show."""',
    ),
    "a path that nothing reads": (
        "from pathlib import Path\n\nimport click\n\n\n@click.command()\n"
        "@click.option('--n', default=2)\n"
        "@click.option('--out', type=click.Path(path_type=Path), default='x')\n"
        f"def main(n, out):{BODY}\n\nmain()\n",
        [],
        'out = Parameter("out", type=str, default="x")',
    ),
    "settings that only show": (
        "import click\n\n\n@click.command(context_settings={'help_option_names': ['-h']})\n"
        f"@click.option('--n', default=2)\ndef main(n):{BODY}\n\nmain()\n",
        [],
        'n = Parameter("n", type=int, default=2)',
    ),
    "a command of typer": (
        f"{TYPER}def train(n: int, loud: bool = False):\n    print(loud){BODY}\n\napp()\n",
        ["3", "--loud"],
        'n = Parameter("n", type=int, required=True)',
    ),
    "options of typer": (
        "from typing import Annotated, Optional\n"
        f"{TYPER}def train(n: Annotated[int, typer.Option('--many', help='how many')] = 2,\n"
        "          a: Optional[str] = None, b: float | None = typer.Option(None, '-b')):\n"
        f"    print(a, b){BODY}\n\nif __name__ == '__main__':\n    app()\n",
        ["--many", "4", "-b", "2"],
        'n = Parameter("many", type=int, default=2, help="how many")',
    ),
    "typer.run, and a path": (
        "from pathlib import Path\n\nimport typer\n\n\n"
        f"def main(out: Path, n: int = 2):\n    print(out){BODY}\n\ntyper.run(main)\n",
        ["a"],
        "self.out_ = functions.Path(self.out)",
    ),
    "an exit that tells failure": (
        f"{TYPER}def train(n: int = 2):\n"
        f"    if n > 9:\n        raise typer.Exit(code=1){BODY}\n\napp()\n",
        [],
        "functions.show_sum(",
    ),
}


@pytest.mark.parametrize(("text", "arguments", "line"), OPENED.values(), ids=OPENED)
def test_it_is_laid_open_and_prints_the_same(text, arguments, line):
    plan = plan_of(text)
    assert plan.head.command is not None, plan.notes
    assert len(plan.stages) >= 2
    printed = printed_by(text, arguments)
    assert printed
    assert printed_by(plan.analysis.script.text, arguments) == printed
    functions = write_functions(plan)
    assert printed_by(functions, arguments) == printed
    last = text.rstrip().rpartition("\n")[2].strip()
    assert functions.endswith(f'if __name__ == "__main__":\n    {last}\n')
    flow = write_flow(plan, "train_functions")
    compile(flow, "train_flow.py", "exec")
    assert line in flow


def test_the_flow_is_given_what_the_script_would_be_given():
    text, arguments, _ = OPENED["a flag, and one that is switched off"]
    given = translate_arguments(plan_of(text).arguments, [*arguments, "--n=5"])
    assert given == ["--loud", "True", "--save", "False", "--n", "5"]


STAYS = {
    "several values": (
        f"{CLICK}@click.option('--n', multiple=True)\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for click.option('--n', multiple=True)",
    ),
    "a default that is computed": (
        f"{CLICK}@click.option('--n', default=lambda: 2)\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "a type of its own": (
        f"{CLICK}@click.option('--n', type=click.File())\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "a default that click converts": (
        f"{CLICK}@click.option('--n', type=int, default='3')\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "the context of the command": (
        f"{CLICK}@click.pass_context\ndef main(n):{BODY}\n\nmain()\n",
        "it is decorated by click.pass_context",
    ),
    "the context, asked for": (
        f"{CLICK}def main():\n    n = click.get_current_context().depth{BODY}\n\nmain()\n",
        "it asks for the context of its command",
    ),
    "an end with success by typer": (
        f"{TYPER}def train(n: int = 2):\n"
        f"    if n > 9:\n        raise typer.Exit(){BODY}\n\napp()\n",
        "it may end by raise typer.Exit()",
    ),
    "a parameter without a type": (
        f"{TYPER}def train(n):{BODY}\n\napp()\n",
        "no parameter of a flow can stand for n",
    ),
    "a computed value that is returned early": (
        f"{CLICK}@click.option('--n', default=2)\n"
        f"def main(n):\n    if n > 2:\n        return print(1){BODY}\n\nmain()\n",
        "it returns early, at line 8 of the text",
    ),
    "defaults in the settings": (
        "import click\n\n\n@click.command(context_settings={'default_map': {'n': 5}})\n"
        f"@click.option('--n', default=2)\ndef main(n):{BODY}\n\nmain()\n",
        "it is decorated by click.command(context_settings=",
    ),
    "an exit of a module of click": (
        f"from click.exceptions import Exit\n{CLICK}@click.option('--n', default=2)\n"
        f"def main(n):\n    if n > 9:\n        raise Exit(0){BODY}\n\nmain()\n",
        "it may end by raise Exit(0)",
    ),
    "the context by another name": (
        f"from click import get_current_context as g\n{CLICK}def main():\n"
        f"    n = g().depth{BODY}\n\nmain()\n",
        "it asks for the context of its command",
    ),
    "it calls itself": (
        f"{CLICK}@click.option('--n', default=2)\n"
        f"def main(n):\n    if n > 9:\n        main(){BODY}\n\nmain()\n",
        "it calls itself",
    ),
    "neither on nor off": (
        f"{CLICK}@click.option('--n/--no-n', default=None)\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "a flag behind a blank": (
        f"{CLICK}@click.option('--n', ' /-N', default=True)\ndef main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "choices that are numbers": (
        f"{CLICK}@click.option('--n', type=click.Choice([1, 2]), default=1)\n"
        f"def main(n):{BODY}\n\nmain()\n",
        "no parameter of a flow can stand for",
    ),
    "a body on the line of its signature": (
        f"{CLICK}@click.option('--n', default=2)\ndef main(\n    n,\n): print(n); print(n + 1)\n\n"
        "main()\n",
        "its body begins on a line with something else",
    ),
    "a body on the line of its docstring": (
        f"{CLICK}@click.option('--n', default=2)\ndef main(n):\n"
        "    'Doc.'; print(n)\n    print(1)\n\nmain()\n",
        "its body begins on a line with something else",
    ),
    "two uses": (
        f"{CLICK}@click.option('--n', default=2)\ndef main(n):{BODY}\n\nother = main\nmain()\n",
        "it is used at another place, too",
    ),
    "a global of the same name": (
        f"import click\n\nrows = [1]\n\n\n@click.command()\n@click.option('--n', default=2)\n"
        f"def main(n):{BODY}\n\nmain()\n",
        "its local name rows is also a global one",
    ),
    "the command line read by the script, too": (
        f"import sys\n{CLICK}@click.option('--n', default=2)\n"
        f"def main(n):\n    print(sys.argv){BODY}\n\nmain()\n",
        "it reads the command line by itself, too",
    ),
    "arguments that nothing declares": (
        f"{CLICK}def main(n=2):{BODY}\n\nmain()\n",
        "its arguments are not those that are declared",
    ),
}


@pytest.mark.parametrize(("text", "reason"), STAYS.values(), ids=STAYS)
def test_where_that_could_change_something_it_stays_one_function(text, reason):
    opened = unwrap(script_of(text))
    assert opened.command is None
    assert opened.script.text == script_of(text).text
    assert any("stays one function" in note and reason in note for note in opened.notes)


NO_COMMAND = {
    "a group": "import click\n\n\n@click.group()\ndef main():\n    print(1)\n\n\nmain()\n",
    "two commands": f"{TYPER}def a():\n    print(1)\n\n\n"
    "@app.command()\ndef b():\n    print(2)\n\n\napp()\n",
    "another library": "from tools import command\n\n\n"
    "@command()\ndef main():\n    print(1)\n\n\nmain()\n",
    "something below it": f"{CLICK}def main():\n    print(1)\n\n\nmain()\nprint(2)\n",
}


@pytest.mark.parametrize("text", NO_COMMAND.values(), ids=NO_COMMAND)
def test_what_is_no_single_command_is_left_alone(text):
    assert unwrap(script_of(text)).command is None


def test_branches_begin_with_what_the_command_is_given_and_join_what_one_has_bound_anew():
    text = (
        f"{CLICK}@click.option('--n', default=3)\n@click.option('--k', default=2)\n"
        "def main(n, k):\n    # make squares\n    n = n + 1\n"
        "    squares = [i * i for i in range(n)]\n"
        "\n    # make cubes\n    cubes = [i**3 for i in range(k)]\n\n    # add up\n"
        "    print(sum(squares) + sum(cubes) + n)\n\n\nmain()\n"
    )
    flow = write_flow(plan_of(text, n_stages=3, is_parallel=True), "train_functions")
    begin = '"""Begin the branches."""\n        self.n_ = self.n\n'
    join = "        self.n_ = inputs.make_squares.n_\n        self.merge_artifacts(inputs)\n"
    assert begin in flow
    assert join in flow
    assert "functions.make_cubes(self.k)" in flow
