"""What functions bind for themselves, kept when they return.

What a stage's function binds is described at its return, as well in the flow, whose processes end
with their steps, as in the module of functions: the two can be compared at that moment only. A
function's key is its name with a digest of its text, so only equal functions are compared.
"""

import ast
import hashlib
import os
import types

from .after_import import AfterImport
from .digests import OWN_MODULES, describe_all

STAGES = frozenset(filter(None, os.environ.get("MLSTAGES_STAGES", "").split(",")))
"""The names of the stages' functions."""

_KEEP_STAGE = "__mlstages_keep_stage__"


class StageLocals:
    """What the functions of the stages have bound when they returned."""

    def __init__(self):
        self.returned = {}
        """By the function's key, descriptions of what it bound."""
        self.given = {}
        """By the function's key, its parameters that it does not bind anew."""

    def mark(self, tree, names):
        """Have the stages' functions of a module, whose names these are, tell what they bind."""
        names[_KEEP_STAGE] = self.keep
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in STAGES:
                digest = hashlib.sha256(ast.unparse(node).encode("utf-8", "replace")).hexdigest()
                key = "%s:%s" % (node.name, digest[:16])
                self.given[key] = {each.arg for each in ast.walk(node.args) if _is_arg(each)}
                self.given[key] -= {each.id for each in ast.walk(node) if _is_stored(each)}
                keep_locals(node, "%s(%r, locals())" % (_KEEP_STAGE, key))

    def keep(self, key, bound):
        """Describe what the function of a key has bound."""
        given = self.given[key]
        own = {name: value for name, value in bound.items() if name not in given}
        self.returned[key] = describe_all(own)


class LastingStageLocals(StageLocals):
    """The same, with the values themselves: they live on as variables of a script do."""

    def __init__(self):
        super().__init__()
        self.last = {}

    def keep(self, key, bound):
        """Describe what the function of a key has bound, and keep it alive."""
        super().keep(key, bound)
        self.last.update(bound)


def mark_imported(stages):
    """Have the stages' functions tell what they bind, once their module has been imported."""

    def mark(module):
        path = getattr(module, "__file__", None)
        if not (path and path.endswith(".py")):
            return
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
        stages.mark(tree, module.__dict__)
        code = compile(tree, path, "exec", 0, True)
        for each in code.co_consts:
            function = module.__dict__.get(getattr(each, "co_name", ""))
            if isinstance(function, types.FunctionType) and function.__name__ in STAGES:
                function.__code__ = each

    return [AfterImport(name, mark) for name in sorted(OWN_MODULES)]


def keep_locals(function, call):
    """Have a function's tree make a call, as a text has it, wherever the function returns."""
    _KeepLocals(call).visit_body(function)
    ast.fix_missing_locations(function)


def _is_arg(node):
    return isinstance(node, ast.arg)


def _is_stored(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


class _KeepLocals(ast.NodeTransformer):
    def __init__(self, call):
        self.call = call

    def visit_body(self, function):
        function.body = [self.visit(node) for node in function.body]
        function.body = [n for m in function.body for n in (m if isinstance(m, list) else [m])]
        if function.body and not isinstance(function.body[-1], ast.Return):
            function.body.append(ast.copy_location(self.keep(), function.body[-1]))

    def keep(self):
        return ast.parse(self.call).body[0]

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Return(self, node):
        keep = self.keep()
        for part in ast.walk(keep):
            ast.copy_location(part, node)
        return [keep, node]
