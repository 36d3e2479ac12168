"""Statements that only import, also those that try one thing or another."""

import ast

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.names import BUILTINS, Names
from mlstages.refactor.purity import defines_quietly
from mlstages.refactor.script import Statement


def is_import(index: int, analysis: Analysis) -> bool:
    """Tell whether a statement only imports, and binds its names to one thing in the script."""
    statement = analysis.statements[index]
    if not _only_imports(statement.node):
        return False
    if not _stands_alone(statement, analysis.names[index]):
        return False
    if analysis.deletes_any(analysis.names[index].writes):
        return False
    own = statement.node
    for name in analysis.names[index].writes:
        for other in analysis.written_by(name):
            node = analysis.statements[other].node
            same = _only_imports(node) and (
                other == index
                or _target_of(name, node) == _target_of(name, own) is not None
                or ast.unparse(node) == ast.unparse(own)
            )
            if not same:
                return False
        if any(name in each.deferred_writes for each in analysis.names):
            return False
    return True


def _stands_alone(statement: Statement, names: Names) -> bool:
    """Tell whether what it defines, in place of what is not there, reads nothing of the script."""
    defines = any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in statement.walk())
    return not defines or not (names.reads | names.deferred_reads) - names.writes - BUILTINS


def _target_of(name: str, node: ast.stmt) -> str | None:
    """Return what the name stands for after a plain import: ``numpy``, ``sklearn.svm.SVC``."""
    for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
        if isinstance(node, ast.ImportFrom):
            if (alias.asname or alias.name) == name:
                return f"{'.' * node.level}{node.module or ''}.{alias.name}"
        elif alias.asname == name:
            return alias.name
        elif alias.asname is None and alias.name.partition(".")[0] == name:
            return name
    return None


def _only_imports(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=[]):
            catches = [ast.unparse(h.type) if h.type else "" for h in handlers]
            blocks = [body, orelse, *(h.body for h in handlers)]
            return (
                any("Import" in each or "ModuleNotFound" in each for each in catches)
                and any(isinstance(n, ast.Import | ast.ImportFrom) for n in body)
                and all(_is_bare(n) for block in blocks for n in block)
            )
        case ast.If(test=test, body=body, orelse=orelse):
            return (
                ast.unparse(test).startswith(("sys.version", "TYPE_CHECKING"))
                and all(_is_bare(n) for n in (*body, *orelse))
                and any(isinstance(n, ast.Import | ast.ImportFrom) for n in (*body, *orelse))
            )
    return False


def _is_bare(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Assign(value=ast.Constant(), targets=[ast.Name()]):
            return True
        case ast.FunctionDef() | ast.ClassDef():
            return defines_quietly(node, own=set())
    return False
