"""What a plan of stages is like beside its script: sizes, names, and what crosses a boundary.

A stage is a mapping with ``name``, ``first_line``, ``last_line``, ``inputs`` and ``outputs``, as
`mlstages refactor --json` gives it. Statements are those of the top level; a script that keeps
everything under the main guard or in ``main()`` is looked at as if it did not.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Stage = Mapping[str, Any]
HEAD = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
EMPTY_WORDS = {
    *("a", "all", "an", "and", "as", "at", "by", "for", "from", "in", "into", "it", "its", "of"),
    *("on", "or", "our", "the", "this", "to", "up", "we", "with", "data", "get", "make", "the"),
}
GENERIC = {
    *("action", "begin", "block", "body", "calculate", "chunk", "code", "compute", "continue"),
    *("do", "end", "execute", "final", "finish", "first", "go", "handle", "init", "initialize"),
    *("job", "last", "logic", "main", "misc", "next", "operation", "other", "part", "perform"),
    *("phase", "piece", "prepare", "process", "region", "remaining", "rest", "routine", "run"),
    *("script", "second", "section", "segment", "set", "setup", "stage", "start", "step", "stuff"),
    *("stmt", "statements", "task", "thing", "things", "third", "unit", "work"),
}
SUFFIXES = (
    "ations",
    "ation",
    "ate",
    "ings",
    "ing",
    "ions",
    "ion",
    "ers",
    "ies",
    "es",
    "ed",
    "er",
    "s",
)


def is_main_guard(node: ast.stmt) -> bool:
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()])):
            return True
    return False


def calls_main(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr | ast.Assign) and any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "main"
        for each in ast.walk(value)
    )


def is_docstring(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def find_statements(text: str) -> list[ast.stmt]:
    """Return a script's top-level statements, those of its guard and of its ``main`` among them."""
    statements: list[ast.stmt] = []
    for node in ast.parse(text).body:
        statements += node.body if is_main_guard(node) else [node]
    for node in list(statements):
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            for call in (each for each in statements if calls_main(each)):
                statements[statements.index(call) : statements.index(call) + 1] = node.body
                statements.remove(node)
                break
    return [node for node in statements if not is_docstring(node)]


def find_largest_share(text: str, stages: Sequence[Stage]) -> float:
    """Return the largest stage's share of the statements that are no imports or definitions."""
    working = [node for node in find_statements(text) if not isinstance(node, HEAD)]
    if not working:
        return 0.0
    sizes = (
        sum(stage["first_line"] <= node.lineno <= stage["last_line"] for node in working)
        for stage in stages
    )
    return max(sizes, default=0) / len(working)


def count_carried(stages: Sequence[Stage]) -> list[int]:
    """Return how many values each boundary between two stages carries to some later stage."""
    carried = []
    for i in range(1, len(stages)):
        made = {name for stage in stages[:i] for name in stage["outputs"]}
        needed = {name for stage in stages[i:] for name in stage["inputs"]}
        carried.append(len(made & needed))
    return carried


def split_words(text: str) -> list[str]:
    """Return the words of names and of prose, in lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return [word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced)]


def find_stem(word: str) -> str:
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    return word.rstrip("e")


def find_import_lines(text: str) -> set[int]:
    return {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def find_region(text: str, stage: Stage) -> str:
    """Return a stage's lines of the script, with the comment above them and above its imports."""
    lines = text.splitlines(keepends=True)
    imports = find_import_lines(text)
    first = stage["first_line"] - 1
    while first > 0 and (lines[first - 1].strip()[:1] in ("", "#") or first in imports):
        first -= 1
    return "".join(lines[first : stage["last_line"]])


def find_own_words(region: str) -> set[str]:
    """Return the stems of the words of a region's comments, calls and results."""
    words = list(find_comment_words(region))
    tree = parse_region(region)
    if tree is None:
        return {find_stem(word) for word in [*words, *split_words(region)]}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                words += split_words(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.alias(name=name):
                words += split_words(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                words += split_words(name)
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Store()):
                words += split_words(name)
            case ast.Expr(value=ast.Constant(value=str(prose))):  # a heading written as text
                words += split_words(prose)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                words += split_words(name)
    return {find_stem(word) for word in words}


def parse_region(region: str) -> ast.Module | None:
    """Return the tree of lines that may come out of the middle of an indented body."""
    for before in ("", "if 1:\n", "if 1:\n if 1:\n"):
        try:
            return ast.parse(before + region)
        except SyntaxError:
            continue
    return None


def find_comment_words(region: str) -> Iterator[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(region).readline):
            if token.type == tokenize.COMMENT:
                yield from split_words(token.string)
    except (tokenize.TokenError, IndentationError):
        for line in region.splitlines():
            if line.lstrip().startswith("#"):
                yield from split_words(line)


def why_generic(name: str, region: str) -> str:
    """Return why a stage's name says nothing; an empty text where it does.

    It is numbered, or made of words such as "run" and "part", or has no word from its region's
    own comment, calls or results.
    """
    words = split_words(name)
    own = find_own_words(region)
    if words and words[-1].isdigit() and words[-1] not in own:
        return "numbered"
    telling = [word for word in words if word not in EMPTY_WORDS and not word.isdigit()]
    if not [word for word in telling if word not in GENERIC]:
        spoken = {"".join(words), *words} - EMPTY_WORDS
        # "prepare data" and "setup" say nothing even where the user wrote them.
        return f"made of words for anything: {' '.join(sorted(spoken))}"
    stems = {find_stem(word) for word in telling if word not in GENERIC}
    return "" if stems & own else "no word from its region"


def find_generic_names(text: str, stages: Sequence[Stage]) -> dict[str, str]:
    """Return the stages whose names say nothing, each with the reason."""
    reasons = {
        stage["name"]: why_generic(stage["name"], find_region(text, stage)) for stage in stages
    }
    return {name: reason for name, reason in reasons.items() if reason}
