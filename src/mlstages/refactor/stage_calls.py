"""Which functions of a module are stages: pieces of ``main``, whose names are the script's."""

import ast
from collections.abc import Iterator


def find_stages(script: str, functions: str) -> list[str]:
    """Return the functions that ``main`` calls as it would run the script's own statements.

    Each is called once, with arguments that are called as its parameters are, and gives its
    results to the names that it returns: what it binds are then the script's variables.

    Parameters
    ----------
    script : str
        What this defines itself is no stage.
    functions : str
    """
    own = {node.name for node in ast.walk(ast.parse(script)) if isinstance(node, ast.FunctionDef)}
    body = ast.parse(functions).body
    defined = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    main = defined.get("main")
    if main is None:
        return []
    mentions = [node.id for node in ast.walk(main) if isinstance(node, ast.Name)]
    return [
        function.name
        for call, targets in _list_calls(main)
        if isinstance(call.func, ast.Name)
        and (function := defined.get(call.func.id)) is not None
        and function.name not in own
        and mentions.count(function.name) == 1
        and _keeps_names(function, call, targets)
    ]


def _list_calls(main: ast.FunctionDef) -> Iterator[tuple[ast.Call, ast.expr | None]]:
    for node in main.body:
        match node:
            case ast.Assign(targets=[target], value=ast.Call() as call):
                yield call, target
            case ast.Expr(value=ast.Call() as call):
                yield call, None


def _keeps_names(function: ast.FunctionDef, call: ast.Call, target: ast.expr | None) -> bool:
    given = [*map(_spell, call.args), *(_spell(keyword.value) for keyword in call.keywords)]
    keywords = [keyword.arg for keyword in call.keywords]
    parameters = [argument.arg for argument in function.args.args]
    if given != parameters or keywords != parameters[len(call.args) :]:
        return False
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return all(_spell(value) == _spell(target) for value in returned) or target is None


def _spell(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node).strip("()")
