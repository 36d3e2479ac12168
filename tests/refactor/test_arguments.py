"""A parser that the text shows whole becomes parameters of the flow; any other does not."""

import pytest

from mlstages.errors import OptionError
from mlstages.refactor.arguments import translate_arguments
from mlstages.refactor.flow_text import write_flow
from script_runs import plan_of

PARSER = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", "-e", type=int, default=5, help="passes (%(default)s)")
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--kind", choices=["a", "b"], default="a", help="which one")
parser.add_argument("--quick", action="store_true")
parser.add_argument("source")
args = parser.parse_args()
total = args.epochs * args.learning_rate
print(total)
print(args.kind, args.quick)
"""


def test_names_types_defaults_and_help_are_those_of_the_parser():
    flow = write_flow(plan_of(PARSER), "train_functions")
    for line in (
        'epochs = Parameter("epochs", type=int, default=5, help="passes (5)")',
        'learning_rate = Parameter("learning-rate", type=float, default=0.1)',
        'quick = Parameter("quick", type=bool, default=False)',
        'source = Parameter("source", type=str, required=True)',
    ):
        assert line in " ".join(flow.split()).replace("( ", "(").replace(", )", ")")
    assert "which one (one of a, b)" in flow
    assert '        if self.kind not in ("a", "b"):\n            raise ValueError(' in flow
    assert "self.args = argparse.Namespace(" in flow


@pytest.mark.parametrize("said", ["type=Path, default=Path('a.csv')", "type=Path, default='a.csv'"])
def test_a_path_is_made_of_the_parameter(said):
    plan = plan_of(
        "import argparse\nfrom pathlib import Path\n\n\ndef parse():\n"
        "    parser = argparse.ArgumentParser()\n"
        f"    parser.add_argument('--data', {said})\n    return parser.parse_args()\n\n\n"
        "args = parse()\nprint(args.data)\n"
    )
    flow = write_flow(plan, "train_functions")
    assert 'Parameter("data", type=str, default="a.csv")' in flow
    assert "args = argparse.Namespace(data=functions.Path(self.data))" in flow


@pytest.mark.parametrize(
    "parse", ["return p.parse_args(argv)", "a = p.parse_args(argv)\n    return a"]
)
def test_a_function_that_may_be_given_the_command_line_is_read(parse):
    text = (
        "import argparse\n\n\ndef read(argv=None):\n    p = argparse.ArgumentParser()\n"
        f"    p.add_argument('--n', type=int, default=3)\n    {parse}\n\n\nargs = read()\n"
        "print(args.n)\n"
    )
    plan = plan_of(text)
    assert plan.arguments is not None
    assert [argument.name for argument in plan.arguments.arguments] == ["n"]
    assert plan_of(text.replace("read()", "read(['--n', '4'])")).arguments is None
    assert plan_of(text.replace("    p =", "    argv = argv or []\n    p =")).arguments is None


MORE = """
import argparse

RATE = 0.1


def parse():
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("fit")
    group.add_argument("--rate", type=float, default=RATE)
    group.add_argument("--shape", type=int, nargs=2, default=[3, 2])
    parser.add_argument("--save", "-s", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--level", type=int, choices=range(1, 4), default=1)
    parser.add_argument("--verbose", "-v", action="count", default=0)
    return parser.parse_args()


args = parse()
print(args.rate, args.shape)
print(args.save, args.level, args.verbose)
"""


def test_counts_switches_ranges_and_constants_become_parameters():
    flow = " ".join(write_flow(plan_of(MORE), "train_functions").split())
    for line in (
        'Parameter("rate", type=float, default=functions.RATE)',
        'default="3 2", help="(several, with blanks between)"',
        'Parameter("save", type=bool, default=True)',
        'Parameter("level", type=int, default=1, help="(one of 1, 2, 3)")',
        'Parameter("verbose", type=int, default=0)',
    ):
        assert line in flow
    assert (
        'if len(shlex.split(self.shape)) != 2: raise ValueError("--shape takes 2 values")' in flow
    )
    given = ["-v", "--no-save", "-vv", "--shape", "1", "2"]
    assert translate_arguments(plan_of(MORE).arguments, given) == [
        "--save", "False", "--shape", "1 2", "--verbose", "3",
    ]  # fmt: skip


def test_so_many_values_are_taken_as_there_are_and_help_is_one_line():
    text = MORE.replace("nargs=2, default=[3, 2]", "nargs=2, help='rows\\nand columns'")
    text = text.replace("    return parser", "    parser.add_argument('source')\n    return parser")
    plan = plan_of(text)
    given = ["--shape", "1", "2", "a.csv"]
    assert translate_arguments(plan.arguments, given) == ["--shape", "1 2", "--source", "a.csv"]
    flow = write_flow(plan, "train_functions")
    compile(flow, "train_flow.py", "exec")
    assert "if self.shape is not None and len(shlex.split(self.shape)) != 2:" in flow
    assert 'help="rows and columns (several, with blanks between)"' in flow


def test_a_constant_that_is_a_default_stays_where_the_parser_finds_it():
    inline = MORE.replace("def parse():\n", "").replace("    return parser", "args = parser")
    text = inline.replace("    ", "").replace("\nargs = parse()\n", "\n")
    plan = plan_of(text)
    assert plan.arguments is not None
    assert not plan.head.settings
    assert "default=functions.RATE" in write_flow(plan, "train_functions")


def test_arguments_that_are_a_dictionary_are_one_in_the_flow():
    text = PARSER.replace("parser.parse_args()", "vars(parser.parse_args())")
    for name in ("epochs", "learning_rate", "kind", "quick"):
        text = text.replace(f"args.{name}", f"args['{name}']")
    flow = write_flow(plan_of(text), "train_functions")
    assert "self.args = dict(" in flow
    assert "import argparse" not in flow


def test_an_option_that_metaflow_has_is_called_otherwise_and_told():
    text = PARSER.replace('"--epochs", "-e"', '"--max-workers", "-e"')
    plan = plan_of(text.replace("args.epochs", "args.max_workers"))
    assert 'max_workers_ = Parameter("max-workers_", type=int' in write_flow(plan, "functions")
    note = "--max-workers is --max-workers_ in the flow: Metaflow has a --max-workers of its own"
    assert note in plan.notes
    assert translate_arguments(plan.arguments, ["-e", "2"]) == ["--max-workers_", "2"]
    plain = plan_of(PARSER.replace('"source"', '"input"'))
    assert 'input_ = Parameter("input", type=str' in write_flow(plain, "functions")
    assert not plain.notes


def test_what_the_script_is_given_is_given_to_the_flow():
    arguments = plan_of(PARSER).arguments
    given = ["-e", "7", "--learning-rate=0.5", "rows.csv", "--quick"]
    assert translate_arguments(arguments, given) == [
        "--epochs", "7", "--learning-rate", "0.5", "--source", "rows.csv", "--quick", "True",
    ]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), [(["--no"], "no argument --no"), (["-e"], "lacks")])
def test_what_the_script_does_not_know_is_told(given, said):
    with pytest.raises(OptionError, match=said):
        translate_arguments(plan_of(PARSER).arguments, given)


NOT_WHOLE = {
    "a loop adds": (
        "for n in 'ab':\n    parser.add_argument('--' + n)\n",
        "parser.add_argument('--' + n)",
    ),
    "a type of its own": (
        "parser.add_argument('--a', type=open)\n",
        "parser.add_argument('--a', type=open)",
    ),
    "a value or none": (
        "parser.add_argument('--a', nargs='?')\n",
        "parser.add_argument('--a', nargs='?')",
    ),
    "a tuple of values": (
        "parser.add_argument('--a', nargs='+', default=('b',))\n",
        "parser.add_argument('--a', nargs='+', default=('b',))",
    ),
    "values of another type": (
        "parser.add_argument('--a', nargs='+', type=float, default=[1])\n",
        "parser.add_argument('--a', nargs='+', type=float, default=[1])",
    ),
    "many values, or none, in a place": (
        "parser.add_argument('a', nargs='*')\n",
        "parser.add_argument('a', nargs='*')",
    ),
    "choices that change": (
        "KINDS = ['b']\nKINDS.append('c')\nparser.add_argument('--a', choices=KINDS)\n",
        "parser.add_argument('--a', choices=KINDS)",
    ),
    "appending": (
        "parser.add_argument('-v', action='append')\n",
        "parser.add_argument('-v', action='append')",
    ),
    "more choices than a person would read": (
        "parser.add_argument('--k', type=int, choices=range(1000))\n",
        "parser.add_argument('--k', type=int, choices=range(1000))",
    ),
    "a word of Python": ("parser.add_argument('--lambda')\n", "parser.add_argument('--lambda')"),
    "a name with a dot": (
        "parser.add_argument('--no.cache', action='store_true')\n",
        "parser.add_argument('--no.cache', action='store_true')",
    ),
    "names that differ in their case": (
        "parser.add_argument('-n')\nparser.add_argument('-N')\n",
        "",
    ),
    "a flag that is on": (
        "parser.add_argument('--on', action='store_true', default=True)\n",
        "parser.add_argument('--on', action='store_true', default=True)",
    ),
    "arguments of another parser": (
        "base = argparse.ArgumentParser(add_help=False)\nbase.add_argument('--lr')\n"
        "parser = argparse.ArgumentParser(parents=[base])\nparser.add_argument('--k')\n",
        "",
    ),
    "defaults that are suppressed": (
        "parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)\n"
        "parser.add_argument('--k')\n",
        "",
    ),
    "a constant that is bound again": (
        "N = 1\nN = 2\nparser.add_argument('--n', type=int, default=N)\n",
        "parser.add_argument('--n', type=int, default=N)",
    ),
    "groups": ("g = parser.add_mutually_exclusive_group()\ng.add_argument('--a')\n", ""),
    "a default that is computed": (
        "parser.add_argument('--a', default=open)\n",
        "parser.add_argument('--a', default=open)",
    ),
    "a path where the type is none": (
        "from pathlib import Path\nparser.add_argument('--a', default=Path('b'))\n",
        "parser.add_argument('--a', default=Path('b'))",
    ),
    "subcommands": ("parser.add_subparsers()\n", ""),
}


@pytest.mark.parametrize(("added", "told"), NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_of_a_parser_that_the_text_does_not_show_whole_the_flow_has_one_text(added, told):
    plan = plan_of(
        "import argparse\nparser = argparse.ArgumentParser()\n" + added
        + "args = parser.parse_args()\nprint(args)\n"
    )  # fmt: skip
    assert plan.arguments is None
    assert plan.reads_arguments
    assert not plan.flow_refusals
    (note,) = plan.notes
    assert "--arguments" in note
    assert note.partition("; not clear is ")[2] == told


# name: text of two stages, and which of them read the command line
READERS = {
    "sys.argv": ("import sys\n# one\nn = len(sys.argv)\n# two\nprint(n)\n", [True, False]),
    "a list imported from sys": (
        "from sys import argv as given\n# one\nprint(0)\n# two\nprint(given)\n",
        [False, True],
    ),
    "by functions": (
        "import sys\ndef f():\n    return sys.argv\ndef g():\n    return f()\n"
        "# one\nprint(0)\n# two\nprint(g())\n",
        [False, True],
    ),
    "beside a parser that the text shows whole": (
        "import argparse, sys\n# one\np = argparse.ArgumentParser()\nargs = p.parse_args()\n"
        "# two\nprint(args, sys.argv[1:])\n",
        [True, True],
    ),
    "a list that is parsed": (
        "import argparse\n# one\np = argparse.ArgumentParser()\nargs = p.parse_args([])\n"
        "# two\nprint(args)\n",
        [False, False],
    ),
    "a constant in capitals": (
        "import sys\nN = len(sys.argv)\n# two\nprint(N)\nprint(N + 1)\n",
        [True, False],
    ),
}


@pytest.mark.parametrize(("text", "reading"), READERS.values(), ids=READERS)
def test_steps_that_read_the_command_line_are_given_it(text, reading):
    plan = plan_of(text, n_stages=2)
    assert not plan.flow_refusals
    assert [step.reads_arguments for step in plan.steps] == reading
    flow = write_flow(plan, "train_functions")
    given = "sys.argv[1:] = shlex.split(self.arguments)"
    assert flow.count(given) == sum(reading)


def test_all_arguments_are_one_text_as_a_shell_takes_it():
    given = ["a b", "-n", "3"]
    assert translate_arguments(None, given, as_text=True) == ["--arguments='a b' -n 3"]
    assert translate_arguments(None, [], as_text=True) == []


def test_a_parser_that_a_function_makes_is_parsed_in_one_expression():
    plan = plan_of(
        "import argparse\ndef build():\n    p = argparse.ArgumentParser()\n"
        "    p.add_argument('--n')\n    return p\nargs = build().parse_args()\nprint(args.n)\n"
    )
    assert plan.reads_arguments


def test_a_parser_that_is_not_clear_is_one_stage_all_the_same():
    plan = plan_of(
        "import argparse\nx = [1]\nprint(x)\n\np = argparse.ArgumentParser()\n"
        "p.add_argument('-v', action='count')\n\n# subcommands\nsub = p.add_subparsers()\n"
        "one = sub.add_parser('one')\none.add_argument('--n')\nargs = p.parse_args()\nprint(args)\n"
    )
    assert [(stage.first_line, stage.last_line) for stage in plan.stages][1] == (5, 12)


MANY = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.1, 2.0], help="to try")
    parser.add_argument("--features", nargs="*")
    args = parser.parse_args()
    print(args.files, args.alphas, args.features)
    """


def test_many_values_are_one_text_of_the_flow():
    flow = " ".join(write_flow(plan_of(MANY), "train_functions").split())
    assert "import shlex" in flow
    for line in (
        '"files", type=str, required=True, help="(several, with blanks between)"',
        '"alphas", type=str, default="0.1 2.0", help="to try (several, with blanks between)"',
        '"features", type=str, default=None',
        "files=shlex.split(self.files), "
        "alphas=[float(each) for each in shlex.split(self.alphas)], "
        "features=None if self.features is None else shlex.split(self.features),",
    ):
        assert line in flow


def test_many_values_are_given_to_the_flow_as_one_text():
    given = ["a b.csv", "c.csv", "--alphas", "1", "-2", "--features=x", "--alphas=3"]
    assert translate_arguments(plan_of(MANY).arguments, given) == [
        "--files", "'a b.csv' c.csv", "--alphas", "1 -2", "--features", "x", "--alphas", "3",
    ]  # fmt: skip


CHOICES = {
    "a list": ("['b', 'a']", "KINDS", ("b", "a")),
    "the keys of a dictionary": ("{'b': open, 'a': print}", "KINDS.keys()", ("b", "a")),
    "sorted keys": ("{'b': open, 'a': print}", "sorted(KINDS)", ("a", "b")),
    "a list of keys": ("{'b': open, 'a': print}", "list(KINDS)", ("b", "a")),
}


@pytest.mark.parametrize(("kinds", "choices", "found"), CHOICES.values(), ids=CHOICES)
def test_choices_may_be_those_of_a_constant(kinds, choices, found):
    plan = plan_of(
        f"import argparse\nKINDS = {kinds}\nparser = argparse.ArgumentParser()\n"
        f"parser.add_argument('--kind', choices={choices}, default='a')\n"
        "args = parser.parse_args()\nprint(KINDS, args.kind)\n"
    )
    [argument] = plan.arguments.arguments
    assert argument.choices == found
