"""The third stage as text: a Metaflow flow of a few lines a step that calls the functions."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from mlstages.refactor.argument import Argument, to_literal
from mlstages.refactor.arguments import AS_TEXT, Arguments
from mlstages.refactor.flow_layout import (
    SUMMARIES,
    FlowStep,
    find_changing,
    lay_out,
    name_artifacts,
)
from mlstages.refactor.functions_text import write_assignment, write_call
from mlstages.refactor.plan import Plan, PlannedStage, PlannedStep
from mlstages.refactor.settings import Setting


def write_flow(plan: Plan, module: str) -> str:
    """Return the text of the flow.

    Parameters
    ----------
    module : str
        The name of the module of functions.
    """
    artifacts = name_artifacts(plan)
    settings = [setting for _, setting in plan.head.settings]
    script = PurePath(plan.script.name).name
    arguments = plan.arguments
    reads = plan.reads_arguments
    has_parameters = settings or reads or (arguments and arguments.arguments)
    imports = ["FlowSpec", *(["Parameter"] if has_parameters else []), "step"]
    carried = {state for step in plan.steps for state in step.takes_over}
    modules = (
        ["import argparse\n"] if arguments and arguments.target and not arguments.is_dict else []
    )
    modules += ["import random\n"] if "random" in carried else []
    splits = reads or any(each.many for each in (arguments.arguments if arguments else ()))
    modules += ["import shlex\n"] if splits else []
    modules += ["import sys\n"] if reads else []
    modules += ["\n"] if modules else []
    modules += ["import numpy as np\n"] if "numpy" in carried else []
    head = (
        f'"""The stages of {script} as a flow: python {flow_file(plan)} run."""\n\n'
        f"{''.join(modules)}import {module} as functions\n"
        f"from metaflow import {', '.join(imports)}\n"
    )
    blocks = [f'class {flow_name(plan)}(FlowSpec):\n    """{_describe(plan)}"""']
    parameters = [_parameter(each, artifacts) for each in settings]
    parameters += [_ALL_ARGUMENTS] if reads else []
    parameters += [_argument(each) for each in (arguments.arguments if arguments else ())]
    if parameters:
        blocks.append("\n".join(parameters))
    blocks += _steps(plan, artifacts)
    body = "\n\n".join(blocks)
    return f'{head}\n\n{body}\n\n\nif __name__ == "__main__":\n    {flow_name(plan)}()\n'


def flow_file(plan: Plan) -> str:
    """Return the name of the flow's file."""
    return f"{module_stem(plan.script.name)}_flow.py"


def module_stem(name: str) -> str:
    """Return a file's name as the beginning of a module's name."""
    stem = re.sub(r"\W", "_", PurePath(name).stem)
    return f"script_{stem}" if not stem or stem[0].isdigit() else stem


def flow_name(plan: Plan) -> str:
    """Return the class's name: ``TrainModelFlow`` for ``train_model.py``."""
    words = re.split(r"_+", module_stem(plan.script.name))
    name = "".join(word[:1].upper() + word[1:] for word in words if word)
    return f"{name}Flow"


def _describe(plan: Plan) -> str:
    said = (plan.docstring or "").strip().strip("=-~ \n").split("\n")[0].strip()
    said = said.replace("\\", "/").replace('"', "'").rstrip(".")
    return f"{said}." if said else f"The stages of {PurePath(plan.script.name).name}."


def _parameter(setting: Setting, artifacts: dict[str, str]) -> str:
    kind = type(setting.value).__name__
    said = setting.help.replace("\\", "/").replace('"', "'")
    arguments = [
        f'"{artifacts[setting.name]}"',
        f"type={kind}",
        f"default={setting.literal}",
        f'help="{said or f"{setting.name} of the script"}"',
    ]
    return write_call(f"    {artifacts[setting.name]} = ", "Parameter", arguments)


def _argument(argument: Argument) -> str:
    name = argument.parameter
    said = argument.help.replace("\\", "/").replace('"', "'")
    value = f"functions.{argument.constant}" if argument.constant else argument.default
    default = "required=True" if argument.default is None else f"default={value}"
    arguments = [f'"{argument.option}"', f"type={argument.kind}", default]
    arguments += [f'help="{said}"'] if said else []
    return write_call(f"    {name} = ", "Parameter", arguments)


_ALL_ARGUMENTS: Final = write_call(
    f"    {AS_TEXT} = ",
    "Parameter",
    [f'"{AS_TEXT}"', "type=str", 'default=""', 'help="arguments of the script, as typed"'],
)


def _steps(plan: Plan, artifacts: dict[str, str]) -> Iterator[str]:
    laid = lay_out(plan)
    first_renewing = next((step for step in plan.steps if step.renews), None)
    for place, each in enumerate(laid):
        below = next((other.planned for other in laid[place + 1 :] if other.planned), None)
        planned = each.planned
        lines = [
            "    @step",
            f"    def {each.name}(self{'' if each.joined is None else ', inputs'}):",
            f'        """{planned.summary if planned else SUMMARIES[each.name]}"""',
            *(_join(each.joined, artifacts) if each.joined is not None else ()),
        ]
        lines += _begin(plan, artifacts) if place == 0 else ()
        if planned is not None:
            if planned.reads_arguments:
                lines.append(f"        sys.argv[1:] = shlex.split(self.{AS_TEXT})")
            lines += _take_over(planned.takes_over)
            if planned is first_renewing:
                lines.append(f"        # {_WHY_ANEW}")
            lines += _work(plan, each, planned, artifacts)
            lines += _hand_over(below.takes_over if below else ())
        lines += _lead_on(each)
        yield "\n".join(lines)


def _work(
    plan: Plan, laid: FlowStep, step: PlannedStep, artifacts: dict[str, str]
) -> Iterator[str]:
    """Yield the lines of a step that do what its stages do.

    To end with success is to have failed, for a task: that leads to the end of the flow.
    """
    if not step.may_end:
        yield from _calls(plan, step, artifacts, " " * 8)
        return
    if laid.chooses:
        yield f'        self.{_NEXT} = "{laid.following[0]}"'
    yield "        try:"
    yield from _calls(plan, step, artifacts, " " * 12)
    yield "        except SystemExit as ended:"
    yield "            if ended.code:"
    yield "                raise"
    if laid.chooses:
        yield f'            self.{_NEXT} = "end"'


_NEXT: Final = "next_step"


def _lead_on(laid: FlowStep) -> Iterator[str]:
    """Yield the line that says which step comes next."""
    if laid.chooses:
        [name] = laid.following
        ways = f'{{"{name}": self.{name}, "end": self.end}}'
        yield write_call("        ", "self.next", [ways, f'condition="{_NEXT}"'])
    elif laid.following:
        yield f"        self.next({', '.join(f'self.{name}' for name in laid.following)})"


_WHY_ANEW: Final = "Each task is a new process: it is set up anew."


def _join(joined: tuple[tuple[str, str], ...], artifacts: dict[str, str]) -> Iterator[str]:
    for name, branch in joined:
        yield f"        self.{artifacts[name]} = inputs.{branch}.{artifacts[name]}"
    yield "        self.merge_artifacts(inputs)"


_RANDOM_STATES: Final = {
    "numpy": (
        "np.random.set_state(self.numpy_random_state)",
        "self.numpy_random_state = np.random.get_state()",
    ),
    "random": (
        "random.setstate(self.random_state_of_python)",
        "self.random_state_of_python = random.getstate()",
    ),
}


def _take_over(states: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines that set a task's random state to the one at the last task's end."""
    for state in states:
        yield f"        {_RANDOM_STATES[state][0]}"


def _hand_over(states: tuple[str, ...]) -> Iterator[str]:
    for state in states:
        yield f"        {_RANDOM_STATES[state][1]}"


class _StepNames:
    """What a step calls the names of the script: what leaves the step is an artifact.

    What only its own stages hand on stays a local variable, unless it is known to pickle.
    """

    def __init__(self, plan: Plan, step: PlannedStep, artifacts: dict[str, str]) -> None:
        self.taken = {name for names in plan.analysis.names for name in names.writes}
        attributes = {name: f"self.{attribute}" for name, attribute in artifacts.items()}
        self.results = frozenset(step.results)
        self.kept = {name: attributes[name] for name in step.kept}
        exchanged = {name for each in plan.steps for name in (*each.inputs, *each.results)}
        exchanged |= plan.body.settings
        self.artifacts = {n: attribute for n, attribute in attributes.items() if n in exchanged}
        self.locals: dict[str, str] = {}

    def read(self, name: str) -> str:
        """Return what stands for a name that a stage takes."""
        return self.locals.get(name) or self.artifacts.get(name, name)

    def take(self, name: str) -> str:
        """Return what is given to a stage for an input of it.

        None is given for what nobody below reads: the stage would return it again where it does
        not bind it, and an earlier step has kept it for itself.
        """
        known = name in self.locals or name in self.artifacts
        return self.read(name) if known else "None"

    def bind(self, name: str, used_below: frozenset[str]) -> str:
        """Return what stands for a name that a stage gives."""
        if name in self.results:
            return self.artifacts[name]
        if name in self.kept:
            self.locals[name] = self.kept[name]
            return self.kept[name]
        if name not in used_below and "_" not in self.taken:
            return "_"  # linters take any other for a mistake
        local = name
        while local in _READ_BY_STEPS or (local != name and local in self.taken):
            local += "_"
        self.locals[name] = local
        return local


_READ_BY_STEPS: Final = frozenset(
    {"self", "inputs", "functions", "np", "random", "argparse", "shlex", "sys"}
)
"""What the body of a step may read, and no local variable may hide."""


def _calls(plan: Plan, step: PlannedStep, artifacts: dict[str, str], margin: str) -> Iterator[str]:
    """Yield the calls of a step's functions."""
    names = _StepNames(plan, step, artifacts)
    stages = (*step.renews, *step.stages)
    for place, stage in enumerate(stages):
        used = frozenset(name for below in stages[place + 1 :] for name in below.inputs)
        parsed = plan.arguments
        if parsed and stage.pieces[0].statement in parsed.indexes[:1]:
            yield from _choices(parsed, margin)
            yield _namespace(parsed, names.bind(parsed.target, used), margin)
            continue
        arguments, results = [names.take(name) for name in stage.inputs], list(stage.results)
        if stage.is_own:
            arguments, results = _own_call(stage, names)
        targets = [names.bind(name, used) for name in results]
        if {*targets} == {"_"}:
            targets = []
        yield write_assignment(margin, targets, f"functions.{stage.name}", arguments)


def _begin(plan: Plan, artifacts: dict[str, str]) -> Iterator[str]:
    """Yield the lines that begin a flow as the script's own command would begin."""
    if plan.arguments is not None and plan.head.command is not None:
        yield from _choices(plan.arguments, " " * 8)
        for argument in find_changing(plan):
            yield f"        self.{artifacts[argument.name]} = {_read_parameter(argument)}"


def _choices(arguments: Arguments, margin: str) -> Iterator[str]:
    """Yield the lines that refuse what the parser would have refused; Metaflow knows no choices."""
    for argument in arguments.arguments:
        if argument.n_values:
            name = f"self.{argument.parameter}"
            given = f"{name} is not None and " if argument.is_none else ""
            yield f"{margin}if {given}len(shlex.split({name})) != {argument.n_values}:"
            said = f"--{argument.option} takes {argument.n_values} values"
            yield f"{margin}    raise ValueError({to_literal(said)})"
        if argument.choices:
            name = argument.parameter
            allowed = [to_literal(choice) for choice in argument.choices]
            if argument.default is not None and argument.default not in allowed:
                allowed.append(argument.default)  # the parser takes it whatever it is
            allowed = [f"{allowed[0]},"] if len(allowed) == 1 else allowed
            yield write_call(f"{margin}if self.{name} not in ", "", allowed, ":")
            said = f"--{argument.option} is one of {', '.join(map(str, argument.choices))}"
            yield write_call(f"{margin}    raise ", "ValueError", [to_literal(said)])


def _namespace(arguments: Arguments, target: str, margin: str) -> str:
    """Return the line that makes of the flow's parameters what the parser would have given."""
    words = [f"{a.name}={_read_parameter(a)}" for a in arguments.arguments]
    kind = "dict" if arguments.is_dict else "argparse.Namespace"
    return write_call(f"{margin}{target} = ", kind, words)


def _read_parameter(argument: Argument) -> str:
    value = name = f"self.{argument.parameter}"
    if argument.many:
        value = f"shlex.split({value})"
        if argument.many != "str":
            value = f"[{argument.many}(each) for each in {value}]"
        return f"None if {name} is None else {value}" if argument.is_none else value
    return f"functions.{argument.made}({value})" if argument.made else value


def _own_call(stage: PlannedStage, names: _StepNames) -> tuple[list[str], list[str]]:
    """Return arguments and targets of the user's own call, for a step."""
    (node,) = ast.parse("\n".join(stage.pieces[0].lines)).body
    assert isinstance(node, ast.Expr | ast.Assign)
    assert isinstance(node.value, ast.Call)

    def spell(value: ast.expr) -> str:
        if isinstance(value, ast.Attribute):
            return f"{spell(value.value)}.{value.attr}"
        return names.read(value.id) if isinstance(value, ast.Name) else ast.unparse(value)

    arguments = [spell(value) for value in node.value.args]
    arguments += [f"{keyword.arg}={spell(keyword.value)}" for keyword in node.value.keywords]
    targets: list[str] = []
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        elements = target.elts if isinstance(target, ast.Tuple) else [target]
        targets = [e.id for e in elements if isinstance(e, ast.Name)]
    return arguments, targets
