"""A script that a notebook was exported to: lines for IPython that compute nothing are left out."""

import ast
from dataclasses import replace

from mlstages.refactor.notebook import DISPLAY_MAGICS
from mlstages.refactor.script import (
    Script,
    parse_script,
    read_lines,
    split_statements,
    with_lines,
)


def leave_out_magics(script: Script) -> Script:
    """Return the script without ``get_ipython().run_line_magic("matplotlib", "inline")``.

    Only without magics that change how a notebook shows things; each is noted. Any other stays,
    and Python says what it says of it.
    """
    if "get_ipython" not in script.text:
        return script
    statements = split_statements(script, parse_script(script))
    shown = [each for each in statements if _only_shows(each.node)]
    if not shown or len(shown) == len(statements):
        return script
    lines = read_lines(script)
    for each in reversed(shown):
        del lines[each.first - 1 : each.last]
    said = [
        f"{script.tell(script.line_in_file(each.first))}, {ast.unparse(each.node)[:60]}"
        for each in shown
    ]
    return replace(with_lines(script, lines), notes=(f"left out: {'; '.join(said)}",))


def _only_shows(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(ast.Call(ast.Name("get_ipython")), "run_line_magic" | "magic"),
                args=[ast.Constant(value=str(words)), *_],
            )
        ):
            return words.partition(" ")[0] in DISPLAY_MAGICS
    return False
