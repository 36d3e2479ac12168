"""A refactoring: plan, observation, texts and proof, as one value; written to files last."""

import keyword
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from mlstages.errors import FileError, OptionError, RefusedError, ScriptError
from mlstages.refactor.arguments import translate_arguments
from mlstages.refactor.exported import leave_out_magics
from mlstages.refactor.fault import find_changed_in_branches, find_fault
from mlstages.refactor.flow_layout import name_artifacts
from mlstages.refactor.flow_text import (
    module_stem,
    write_flow,
)
from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.notebook import read_notebook
from mlstages.refactor.observation import find_stale, read_observation
from mlstages.refactor.plan import Ban, Plan, Wishes
from mlstages.refactor.planning import plan_script
from mlstages.refactor.proof import (
    Candidate,
    Outcome,
    Proof,
    Verdict,
    find_changed_variables,
    find_difference,
    find_moved_pickles,
    judge,
    judge_run,
    not_comparable,
    of_functions,
    prove,
    prove_fixed,
    run_again,
    run_candidate,
    tolerate_pickles,
)
from mlstages.refactor.script import Script, read_script
from mlstages.refactor.stage_calls import find_stages
from mlstages.refactor.tests_text import write_test
from mlstages.refactor.trial import (
    Laboratory,
    Trial,
    observe_script,
    open_laboratory,
    run_flow,
    run_program,
)

_MARK: Final = "# Made by mlstages refactor"
_MOST_ROUNDS: Final = 8
"""How often a flow that differs is cut anew before the verdict stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refactoring:
    """A script, its functions and its flow, and what running them has shown."""

    path: Path
    plan: Plan
    files: Mapping[str, str]
    """The text of each file, by its name."""
    functions: Outcome
    flow: Outcome
    seconds: float | None
    """How long the script itself took; None if it was not run."""
    itself: str = ""
    """What differs between two runs of the script, where seeds and clock were fixed for that."""

    @property
    def exit_code(self) -> int:
        """1 if the functions or the flow were seen to differ, else 0."""
        return max(self.functions.exit_code, self.flow.exit_code)

    def to_dict(self) -> dict[str, Any]:
        """Return the refactoring for JSON."""
        return {
            **self.plan.to_dict(),
            "files": list(self.files),
            "functions": str(self.functions.verdict),
            "flow": str(self.flow.verdict),
            "proof": {"functions": self.functions.to_dict(), "flow": self.flow.to_dict()},
            "seconds": self.seconds,
            "differs_from_itself": self.itself,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a script is run for its proof."""

    python: str = sys.executable
    arguments: tuple[str, ...] = ()
    timeout: float = 600.0
    is_run: bool = True
    """Else nothing is run, and nothing is proven."""
    is_verified: bool = True
    """Else the script is observed, and its refactoring is not run."""
    report: Callable[[str], None] = field(default=lambda message: None)
    """Is told what happens next."""


_MOST_LINES: Final = 12
"""Of a script's own error that are shown."""

_LAST_LINES: Final = 4

_TERMS = Terms()
_NO_WISHES = Wishes()
_NOT_RUN = Outcome(verdict=Verdict.NOT_RUN, difference="nothing was run")
_NOT_VERIFIED = Outcome(verdict=Verdict.NOT_RUN, difference="only the script was run")


def read_any(path: Path) -> Script:
    """Return the script in a file of Python or in a notebook."""
    if path.is_dir():
        raise FileError(f"{path} is a folder, not a script")
    if path.suffix not in ("", ".py", ".pyw", ".ipynb"):
        raise ScriptError(f"{path} is no script of Python (.py) and no notebook (.ipynb)")
    return read_notebook(path) if path.suffix == ".ipynb" else leave_out_magics(read_script(path))


def refactor_script(path: Path, wishes: Wishes = _NO_WISHES, terms: Terms = _TERMS) -> Refactoring:
    """Return the refactoring of a script, proven by running it; nothing is written.

    Raises
    ------
    FileError, ScriptError
        The script cannot be read, or fails by itself.
    RefusedError
        It cannot be refactored; the message has every reason.
    """
    script = read_any(path)
    if _MARK in script.text.rstrip().rpartition("\n")[2]:
        raise RefusedError(
            f"{path} is what mlstages has made of a script: refactor that one (or delete this "
            "one's last line, and it is yours)"
        )
    if not terms.is_run:
        plan = _plan(script, wishes)
        return _described(path, plan, terms, _NOT_RUN, _begin_with(plan), None)
    # The names that are wished for are those of the plan that a run leads to.
    plan = _plan(script, replace(wishes, renames={}))
    with open_laboratory(path, terms.python, terms.arguments, terms.timeout) as laboratory:
        return _prove(path, script, plan, wishes, terms, laboratory)


def _plan(script: Script, wishes: Wishes) -> Plan:
    plan = plan_script(script, wishes)
    if not plan.stages:
        raise RefusedError(
            f"{script.name} only imports, defines and sets constants: there is nothing to stage"
        )
    return plan


class _Attempt(NamedTuple):
    """A flow, as it was cut."""

    plan: Plan
    outcome: Outcome
    trial: Trial | None = None


def _prove(
    path: Path,
    script: Script,
    plan: Plan,
    wishes: Wishes,
    terms: Terms,
    laboratory: Laboratory,
) -> Refactoring:
    name = module_stem(path.name) + ".py" if path.suffix == ".ipynb" else path.name
    text = script.in_place_of_file
    terms.report("observing what crosses each boundary")
    observed = observe_script(laboratory, name, plan)
    original = observed
    if terms.is_verified or observed.status:  # what is compared must not have been observed
        terms.report(f"running {path.name} as it is")
        original = run_program(laboratory, name, text)
        require_success(path, script, original, laboratory)
    if observed.status == original.status and observed.places:
        seen = read_observation(plan, observed.places)
        wishes = replace(
            wishes,
            bans=(*wishes.bans, *seen.bans),
            renewals=seen.renewals,
            random_users=seen.random_users,
            picklable=seen.picklable,
            outcomes=seen.picklable,
        )
        plan = _plan(script, wishes)
        while stale := find_stale(plan, observed.places):
            wishes = replace(wishes, bans=(*wishes.bans, *stale))
            plan = _plan(script, wishes)
    if not terms.is_verified:
        flow = _begin_with(plan) if plan.flow_refusals else _NOT_VERIFIED
        return _described(path, plan, terms, _NOT_VERIFIED, flow, original.seconds)
    module = f"{functions_module(path)}.py"
    own = write_functions(plan)

    def run_script(place: Laboratory) -> Trial:
        return run_program(place, name, text)

    def make_candidate(functions: str) -> Candidate:
        stages = find_stages(script.text, functions)
        return of_functions(module, functions, [Path(name).stem], stages)

    def prove_flow(proof: Proof) -> _Attempt:
        if not plan.flow_refusals and proof.outcome.verdict == Verdict.NOT_COMPARABLE:
            return _Attempt(plan, proof.outcome)
        if plan.flow_refusals or proof.outcome.verdict == Verdict.DIFFERS:
            return _Attempt(plan, _begin_with(plan))
        original = replace(proof.original, returned=proof.other.returned)
        return _prove_flow(path, script, plan, wishes, terms, proof.laboratory, original)

    terms.report("running the functions")
    candidate = make_candidate(own)
    proof = prove(laboratory, original, run_script, candidate, terms.report)
    cut = prove_flow(proof)
    if cut.outcome.verdict == Verdict.DIFFERS and not proof.laboratory.is_fixed:
        terms.report(f"running {path.name} again: does it do the same twice?")
        again = run_again(proof.original, run_script, proof.laboratory)
        if itself := find_difference(proof.original, again):
            proof = prove_fixed(laboratory, run_script, candidate, itself, terms.report)
            cut = prove_flow(proof)
    if cut.outcome.verdict == Verdict.DIFFERS and proof.laboratory.is_fixed:
        # The functions may have agreed by chance: the script was run once under fixed seeds.
        terms.report(f"running {path.name} again: does it do the same twice?")
        again = run_again(proof.original, run_script, proof.laboratory)
        steady = tolerate_pickles(proof.original, again)
        if still := find_difference(steady, again):
            cut = cut._replace(outcome=not_comparable(still))
        elif steady.unsteady != proof.original.unsteady:
            proof = proof._replace(original=steady)
            cut = prove_flow(proof)
    functions = proof.outcome
    if (text_of_flow := write_functions(cut.plan)) != own and not functions.difference:
        terms.report("running the functions as the flow has them")
        trial, functions = run_candidate(
            proof.original, make_candidate(text_of_flow), proof.laboratory
        )
        if cut.trial is not None and not cut.outcome.difference:
            original = replace(proof.original, returned=trial.returned)
            outcome = judge(original, cut.trial, is_fixed=proof.laboratory.is_fixed)
            cut = cut._replace(outcome=outcome)
    made = _described(path, cut.plan, terms, functions, cut.outcome, proof.original.seconds)
    return replace(made, itself=proof.itself)


def _begin_with(plan: Plan) -> Outcome:
    """Return what is known of the flow before it is run: why there is none, if there is none."""
    if not plan.flow_refusals:
        return _NOT_RUN
    refusals = plan.flow_refusals
    reasons = "; ".join(f"{plan.script.tell(r.line)}: {r.reason}" for r in refusals)
    return Outcome(verdict=Verdict.REFUSED, difference=reasons)


def require_success(path: Path, script: Script, original: Trial, laboratory: Laboratory) -> None:
    """Refuse a script that fails by itself, with its own error."""
    if original.timed_out:
        raise ScriptError(
            f"{path} had not ended after {laboratory.timeout:g} s; give it more (--timeout)"
        )
    if original.status:
        said = original.stderr.strip().replace(str(laboratory.folder), str(path.parent))
        notes = [f"note: {note}" for note in script.notes]
        if script.cells:
            said = _tell_cells(said, path, script)
        raise ScriptError(
            f"{path} fails by itself, with exit status {original.status}; {_what_to_do(said)}\n"
            + "\n".join([_shorten(said or original.stdout.strip(), f"{path.parent}/"), *notes])
        )


def _tell_cells(said: str, path: Path, script: Script) -> str:
    """Return a traceback with cells where it names lines of the script that a notebook is."""
    stems = "|".join(re.escape(stem) for stem in (module_stem(path.name), path.stem))
    place = rf'  File "{re.escape(str(path.parent))}/(?:{stems})\.py", line (\d+)'

    def tell(found: re.Match[str]) -> str:
        return f'  File "{path.parent}/{path.name}", {script.tell(int(found[1]))}'

    return re.sub(place, tell, said)


def _shorten(said: str, folder: str) -> str:
    """Return what was said, of a long traceback the user's own lines and its end."""
    lines = said.splitlines()
    if len(lines) <= _MOST_LINES:
        return said
    own: list[str] = []
    is_own = False
    for line in lines[:-_LAST_LINES]:
        if line.startswith('  File "'):
            is_own = line.startswith(f'  File "{folder}') and "site-packages" not in line
        elif not line.startswith("    "):
            is_own = False
        own += [line] if is_own else []
    return "\n".join([*own[-_MOST_LINES + _LAST_LINES :], "  …", *lines[-_LAST_LINES:]])


def _what_to_do(said: str) -> str:
    if "ModuleNotFoundError" in said:
        return "run it by a Python that has what it imports (--python PATH)"
    if "'get_ipython' is not defined" in said:
        return "refactor the notebook that it was exported from, or take the line out"
    if "EOFError" in said:
        return (
            "nobody is here to answer input(): give it what it asks for as an argument or a setting"
        )
    if "FileNotFoundError" in said:
        return "put the file where it looks for it, or say where that is (-- ARGUMENTS)"
    if "usage:" not in said and "Traceback" not in said:
        return (
            "only a run that succeeds can be compared: give it arguments with which it does "
            "(-- ARGUMENTS)"
        )
    return "mend it first, or give it its arguments (-- ARGUMENTS)"


def _prove_flow(
    path: Path,
    script: Script,
    plan: Plan,
    wishes: Wishes,
    terms: Terms,
    laboratory: Laboratory,
    original: Trial,
) -> _Attempt:
    """Return the verdict on the flow; where it differs, the step at fault joins the one above.

    Where none helps, not even that of one step, the flow is the first one that came to its end.
    """
    attempts: list[_Attempt] = []
    options = translate_arguments(plan.arguments, terms.arguments, as_text=plan.reads_arguments)
    for left in range(_MOST_ROUNDS, 0, -1):
        terms.report(f"running the flow, {len(plan.steps)} steps")
        run = partial(_run_cut, path=path, script=script, plan=plan, options=options)
        if plan.blocks and laboratory.is_fixed:  # a race of branches has no second chance
            laboratory = replace(laboratory, forks=False)
        trial, outcome = judge_run(original, Candidate(run), laboratory, terms.report)
        laboratory = replace(laboratory, forks=trial.is_forked)
        if trial.status and "No module named 'metaflow'" in trial.stderr:
            missing = f"{terms.python} has no metaflow: pip install metaflow"
            return _Attempt(plan, Outcome(verdict=Verdict.NOT_RUN, difference=missing))
        why = outcome.difference or find_changed_in_branches(plan, trial)
        if plan.blocks and why:
            terms.report(f"no branches: {why}")
            note = f"there are no branches, for with them the flow differs: {why}"
            wishes = replace(wishes, is_parallel=False, notes=(*wishes.notes, note))
            plan = _plan(script, wishes)
            continue
        attempts.append(_Attempt(plan, outcome, trial))
        if not_to_keep := _find_kept_in_vain(plan, trial, original):
            wishes = replace(wishes, picklable=wishes.picklable - not_to_keep)
            plan = _plan(script, wishes)
            continue
        if not outcome.difference:
            return attempts[-1]
        if any(step.renews for step in plan.steps):
            terms.report(f"the flow differs ({outcome.difference}): set up once")
            wishes = replace(wishes, is_renewed=False)
            plan = _plan(script, wishes)
            continue
        # No other cut changes where a class is defined.
        is_hopeless = len(plan.steps) == 1 or find_moved_pickles(original, trial)
        ban = None if is_hopeless else find_fault(plan, trial, original, outcome.difference)
        if ban is None:
            break
        terms.report(f"the flow differs ({outcome.difference}): merging")
        # A last flow of one step, rather than none that does what the script does.
        bans = [ban] if left > 2 else _ban_all(plan, ban.reason)
        wishes = replace(wishes, bans=(*wishes.bans, *bans))
        plan = _plan(script, wishes)
    if not attempts:
        return _Attempt(plan, _NOT_RUN)
    ended = (each for each in attempts if each.trial and each.trial.status == original.status)
    return next(ended, attempts[-1])


def _ban_all(plan: Plan, reason: str) -> list[Ban]:
    """Return a ban on every boundary between steps."""
    firsts = [step.stages[0].pieces[0].statement for step in plan.steps[1:]]
    return [Ban(first, reason, is_weighed=False) for first in firsts]


def _run_cut(
    laboratory: Laboratory, path: Path, script: Script, plan: Plan, options: Sequence[str]
) -> Trial:
    """Return a run of the flow that a plan comes to."""
    module, flow = functions_module(path), f"{module_stem(path.name)}_flow.py"
    own = write_functions(plan)
    texts = {f"{module}.py": own, flow: write_flow(plan, module)}
    stages = find_stages(script.text, own)
    return _with_names(run_flow(laboratory, texts, flow, options, stages=stages), plan)


def _find_kept_in_vain(plan: Plan, trial: Trial, original: Trial) -> set[str]:
    """Return what need not have been stored, and may be why the flow differs."""
    kept = {name for step in plan.steps for name in step.kept}
    return kept if trial.status else kept.intersection(find_changed_variables(original, trial))


def _with_names(trial: Trial, plan: Plan) -> Trial:
    """Return the trial with artifacts under the names that they have in the script."""
    names = {attribute: name for name, attribute in name_artifacts(plan).items()}
    return replace(
        trial,
        variables={names.get(name, name): each for name, each in trial.variables.items()},
    )


def read_renames(wishes: Sequence[str]) -> dict[str, str]:
    """Return the new name of each stage that is to be called otherwise.

    Raises
    ------
    OptionError
        One is not of the form OLD=NEW, or its new name is none in Python.
    """
    renames = {}
    for wish in wishes:
        old, equals, new = wish.partition("=")
        if not (equals and new.isidentifier() and not keyword.iskeyword(new)):
            raise OptionError(f"--name {wish}: write OLD=NEW, with names as Python has them")
        renames[old] = new
    return renames


def functions_module(path: Path) -> str:
    """Return the name of the module of functions."""
    return f"{module_stem(path.name)}_functions"


def _described(
    path: Path,
    plan: Plan,
    terms: Terms,
    functions: Outcome,
    flow: Outcome,
    seconds: float | None,
) -> Refactoring:
    stem = module_stem(path.name)
    module = functions_module(path)
    files = {f"{module}.py": _marked(write_functions(plan), plan, functions)}
    if not plan.flow_refusals:
        files[f"{stem}_flow.py"] = _marked(write_flow(plan, module), plan, flow)
    test = write_test(path.name, list(files), terms.arguments)
    files[f"test_{stem}_stages.py"] = _marked(test, plan, functions)
    return Refactoring(
        path=path, plan=plan, files=files, functions=functions, flow=flow, seconds=seconds
    )


def _marked(text: str, plan: Plan, outcome: Outcome) -> str:
    """Return a file's text with a last line that says whose it is, and what is known of it."""
    said = (
        "not proven: nothing was run"
        if outcome.verdict == Verdict.NOT_RUN
        else f"{outcome.verdict} against it"
    )
    made = f"{text.rstrip()}\n\n{_MARK} from {Path(plan.script.name).name}; {said}."
    return f"{made} [{_sum(made)}]\n".replace("\n", plan.script.newline)


def _sum(text: str) -> str:
    return sha256(text.replace("\r\n", "\n").encode()).hexdigest()[:8]


def write_files(refactoring: Refactoring, *, force: bool = False) -> list[Path]:
    """Write the files beside the script; return their paths.

    Raises
    ------
    FileError
        A file is there that the tool has not made (``force`` overwrites it), or the folder
        cannot be written to. Nothing is written then.
    """
    folder = refactoring.path.parent
    paths = [folder / name for name in refactoring.files]
    foreign = [path for path in paths if path.exists() and not is_ours(path)]
    if foreign and not force:
        raise FileError(
            f"{foreign[0]} is there already, and is not as mlstages has made it: nothing was "
            "written; move it, or overwrite it with --force"
        )
    for path, text in zip(paths, refactoring.files.values(), strict=True):
        try:
            path.write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise FileError(f"{path} cannot be written: {error.strerror}") from error
    return paths


def is_ours(path: Path) -> bool:
    """Tell whether a file was made by the tool, and is as it was made."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    made, _, last = text.rstrip().rpartition(" [")
    return _MARK in made and last == f"{_sum(made)}]"
