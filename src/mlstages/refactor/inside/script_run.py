"""One script, run as the main program, with its final variables."""

import ast
import json
import os
import sys

from .after_import import AfterImport
from .digests import describe_all
from .figures import Figures
from .observer import Observer
from .pickled_files import describe_pickles
from .records import FOLDER, write_record
from .stage_locals import LastingStageLocals, keep_locals
from .standing_clock import fix_seeds_and_clock

_KEEP = "__mlstages_keep__"


def main():
    """Run ``record SCRIPT`` or ``observe SCRIPT``, as the words of the command say."""
    mode, path = sys.argv[1:3]
    sys.argv[:] = sys.argv[2:]
    here = os.path.dirname(
        os.path.dirname(os.path.abspath(__file__))
    )  # the script's path is its own
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    figures = Figures()
    if os.environ.get("MLSTAGES_FIXED"):
        fix_seeds_and_clock()
    stages = LastingStageLocals()
    if mode == "record":
        sys.meta_path.insert(0, AfterImport("matplotlib.pyplot", figures.watch))
        status, names = run_script(path, stages)
        record = {"status": status}
    else:
        with open(os.path.join(FOLDER, "live.json")) as file:
            observer = Observer(json.load(file))
        sys.meta_path.insert(0, AfterImport("matplotlib.pyplot", observer.watch))
        status, names = run_script(path, stages, observed=observer)
        record = {"status": status, "places": observer.places}
    sys.stdout.flush()
    if mode == "record":
        figures.record_open()
        record["figures"] = figures.digests
        record["figures_as_made"] = figures.in_order()
        record["variables"] = describe_all(names)
        record["returned"] = stages.returned
        record["pickles"] = describe_pickles()
    write_record("run", record)
    sys.stdout.flush()
    sys.exit(status)


def run_script(path, stages, *, observed=None):
    """Run a script as the main program; return its exit status and its final variables.

    ``stages`` keeps what functions of stages bind; those are the script's variables, too.
    ``observed`` is a function that is called before each top-level statement with its index.
    """
    path = os.path.abspath(path)  # as Python itself tells a script
    main = sys.modules["__main__"]
    own = dict(main.__dict__)
    main.__dict__.clear()
    main.__dict__.update(
        __name__="__main__",
        __file__=path,
        __builtins__=own["__builtins__"],
        __doc__=None,
        __spec__=None,
        __loader__=None,
        __package__=None,
        __annotations__={},
    )
    with open(path, "rb") as file:
        content = file.read()
    locals_of_main = {}

    def keep(names):
        locals_of_main.clear()
        locals_of_main.update(names)

    tree = ast.parse(content, path)
    if observed is None:
        stages.mark(tree, main.__dict__)
        _keep_locals_of_main(tree)
        main.__dict__[_KEEP] = keep
    status = 0
    try:
        flags = 0
        if observed is None:
            exec(compile(tree, path, "exec", flags, True), main.__dict__)
        else:
            _run_by_statement(tree, path, main.__dict__, observed)
    except SystemExit as error:
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write("%s\n" % (code,))
            code = 1
        status = code or 0
    except BaseException as error:
        import traceback

        here = error.__traceback__
        while here is not None and here.tb_frame.f_code.co_filename != path:
            here = here.tb_next
        traceback.print_exception(type(error), error, here)
        status = 1
    names = {k: v for k, v in main.__dict__.items() if k not in own or own[k] is not v}
    return status, {**stages.last, **names, **locals_of_main}


def _run_by_statement(tree, path, names, observed):
    doc = ast.get_docstring(tree, clean=False)
    if doc is not None:
        names["__doc__"] = doc
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            import __future__

            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    for index, node in enumerate(tree.body):
        observed(index, names)
        exec(compile(ast.Module([node], []), path, "exec", flags, True), names)
    observed(len(tree.body), names)


def _keep_locals_of_main(tree):
    """Let the function that the main guard calls leave its local names behind."""
    called = None
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            called = _called_last(node.body) or called
        elif _called_last([node]) == "main":
            called = called or "main"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        decorators = [ast.unparse(each).partition("(")[0] for each in node.decorator_list]
        if node.name == called:
            # With others it may be part of a value, which is compared.
            is_main = not decorators or any(each.endswith("command") for each in decorators)
        else:
            is_main = called is not None and "%s.command" % called in decorators
        if is_main:
            keep_locals(node, "%s(locals())" % _KEEP)


def _called_last(body):
    """Return the function that the last call of the guard calls: in sys.exit(main()), main."""
    found = None
    for node in body:
        value = node.exc if isinstance(node, ast.Raise) else getattr(node, "value", None)
        if isinstance(node, (ast.Expr, ast.Assign, ast.Raise)) and isinstance(value, ast.Call):
            call = value
            inner = call.args[0] if call.args else None
            is_exit = getattr(call.func, "id", "exit") in ("exit", "quit", "SystemExit")
            if is_exit and isinstance(inner, ast.Call):  # sys.exit(main()), SystemExit(main())
                call = inner
            if isinstance(call.func, ast.Name) and found != "main":
                found = call.func.id
            elif ast.unparse(call.func) == "typer.run" and isinstance(inner, ast.Name):
                found = inner.id
    return found
