"""Statements that may end the script with success, and what the flow does about them."""

import ast

import pytest

from mlstages.refactor.flow_text import write_flow
from script_runs import plan_of

ENDS = {
    "sys.exit()": ("import sys\na = [1]\nif not a:\n    sys.exit()\nprint(a)\n", [2]),
    "a status of success": ("a = [1]\nif not a:\n    exit(0)\nprint(a)\n", [1]),
    "a status that is computed": ("import sys\na = 1\nif a > 2:\n    sys.exit(a)\n", [2]),
    "a status that something else was asked about": (
        "import sys\na = 1\nrc = len('')\nif a:\n    sys.exit(rc)\n",
        [3],
    ),
    "raise SystemExit": ("a = [1]\nif not a:\n    raise SystemExit\nprint(a)\n", [1]),
    "a main that returns early": (
        "def main():\n    a = [1]\n    if not a:\n        return\n    print(a)\nmain()\n",
        [1],
    ),
    "a function of the script's own, called by another": (
        "def leave():\n    raise SystemExit(0)\ndef check(a):\n    if not a:\n        leave()\n"
        "a = [1]\ncheck(a)\nprint(a)\n",
        [3],
    ),
    "a literal failure": ("a = [1]\nif not a:\n    exit(1)\nprint(a)\n", []),
    "a failure in words": ("a = [1]\nif not a:\n    exit(f'no {a}')\nprint(a)\n", []),
    "a status that tells failure": (
        "import sys\nrc = len('')\nprint(rc)\nif rc:\n    sys.exit(rc)\n",
        [],
    ),
    "a function that fails": (
        "def check(a):\n    if not a:\n        exit(2)\na = [1]\ncheck(a)\nprint(a)\n",
        [],
    ),
}


@pytest.mark.parametrize(("text", "ends"), ENDS.values(), ids=ENDS)
def test_ends_with_success_are_found(text, ends):
    plan = plan_of(text, n_stages=9)
    found = {
        piece.statement
        for step in plan.steps
        if step.may_end
        for stage in step.stages
        for piece in stage.pieces
    }
    if ends:
        assert set(ends) <= found
        assert "except SystemExit" in write_flow(plan, "train_functions")
    else:
        assert not found
        assert "SystemExit" not in write_flow(plan, "train_functions")
    assert not plan.flow_refusals


GUARD = """
    import sys
    next_step = [3, 1]

    # Check
    print(len(next_step))
    if not next_step:
        sys.exit()

    # Add
    total = sum(next_step)
    print(total)

    # Tell
    print(total / 2)
    if total > 5:
        sys.exit()
    """


def test_a_step_that_may_end_leads_to_the_end_as_well():
    plan = plan_of(GUARD, n_stages=3)
    flow = write_flow(plan, "train_functions")
    ast.parse(flow)
    [switch] = [line for line in flow.split("\n") if "condition=" in line]
    assert '"end": self.end}, condition="next_step")' in switch
    # The name is taken, so that the script's own is another; the last step leads nowhere else.
    assert "self.next_step_" in flow
    assert flow.count("except SystemExit as ended:") == 2
    assert '"""The flow has ended."""' in flow


def test_where_the_script_may_end_early_there_are_no_branches():
    text = GUARD.replace("total / 2", "len(next_step)").replace("if total > 5:", "if next_step:")
    plan = plan_of(text, n_stages=3, is_parallel=True)
    assert not plan.blocks
    assert any("may end itself with success at line" in note for note in plan.notes)


COMMANDS = {
    "click": "import click\n@click.command()\n@click.option('--n', multiple=True)\n",
    "a name of click": "from click import command as c, option\n@c()\n@option('--n', count=True)\n",
    "typer": "import typer\napp = typer.Typer()\n@app.command()\n",
}


@pytest.mark.parametrize("head", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_a_library_reads_the_command_line_and_ends_the_process(head):
    call = "app()" if "typer" in head else "main()"
    plan = plan_of(f"{head}def main(n=3):\n    print(n)\n\n\n{call}\n")
    flow = write_flow(plan, "train_functions")
    assert "sys.argv[1:] = shlex.split(self.arguments)" in flow
    assert "except SystemExit as ended:" in flow


def test_what_else_a_library_of_commands_has_is_no_command():
    plan = plan_of("import click\ndef tell(x):\n    click.echo(x)\na = [1]\ntell(a)\n")
    assert "SystemExit" not in write_flow(plan, "train_functions")
    assert not plan.reads_arguments
