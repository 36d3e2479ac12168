"""What a script reads from its command line by ``argparse``, as parameters of the flow.

The functions keep the user's parser. A task of a flow has no arguments of the script, so the
flow's parameters stand for them: the same names, types, defaults and help. Only parsers that
the text shows whole are taken over; for any other, and for ``sys.argv``, the flow has one
parameter with all arguments as they would be typed.
"""

import ast
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from mlstages.errors import OptionError
from mlstages.refactor.analysis import Analysis, read_assignment
from mlstages.refactor.argument import (
    PATHS,
    TYPES,
    Argument,
    find_constants,
    is_possible,
    makes_path,
    read_default,
    resolve,
    to_literal,
)
from mlstages.refactor.command_line import find_commands, find_names_of_argv, reads_command_line
from mlstages.refactor.head import Head, find_users
from mlstages.refactor.names import root_name

AS_TEXT: Final = "arguments"
"""The parameter that has them all, where the text does not show each."""

_KNOWN_WORDS: Final = frozenset(
    {"type", "default", "help", "choices", "required", "action", "dest", "metavar", "nargs"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A parser that the text shows whole."""

    indexes: tuple[int, ...]
    """The statements that make the parser and parse."""
    target: str
    """The name that the namespace is bound to."""
    is_dict: bool = False
    """It is ``vars(parser.parse_args())``."""
    arguments: tuple[Argument, ...]


def find_arguments(analysis: Analysis, head: Head) -> Arguments | None:
    """Return the script's arguments; None if it has none, or the text does not show them whole."""
    for place, index in enumerate(head.body):
        match analysis.statements[index].node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call() as value):
                call, is_dict = _without_vars(value)
            case _:
                continue
        inner = _statements_of_own_function(call, analysis, head)
        if inner is not None:
            nodes, indexes = inner, [index]
        elif _is_parse(call):
            indexes = _parser_statements(analysis, head.body[: place + 1])
            nodes = [analysis.statements[i].node for i in indexes]
        else:
            continue
        arguments = _read_parser(nodes, _find_known(analysis)) if nodes else None
        is_clear = arguments is not None and all(
            len(set(called)) == len(arguments)
            for called in ([a.name for a in arguments], [a.option.lower() for a in arguments])
        )
        if not is_clear or len(analysis.written_by(target)) != 1:
            return None
        assert arguments is not None
        return Arguments(
            indexes=tuple(indexes), target=target, arguments=tuple(arguments), is_dict=is_dict
        )
    return None


def find_parser(analysis: Analysis, head: Head) -> tuple[int, ...]:
    """Return the statements of the body that make a parser and parse, if they stand together."""
    for place, index in enumerate(head.body):
        match analysis.statements[index].node:
            case ast.Assign(value=ast.Call() as call) if _is_parse(_without_vars(call)[0]):
                return tuple(_parser_statements(analysis, head.body[: place + 1]))
    return ()


def find_readers(analysis: Analysis, head: Head) -> frozenset[int]:
    """Return the statements of the body that read the command line, by a function or not."""
    argv = find_names_of_argv(analysis)
    commands = find_commands(analysis)

    def reads(i: int) -> bool:
        return i in commands or any(
            reads_command_line(n, argv) for n in analysis.statements[i].walk()
        )

    names = {name for i in head.definitions if reads(i) for name in analysis.names[i].writes}
    users = find_users(analysis, head, names) if names else set()
    return frozenset(i for i in head.body if reads(i) or users & analysis.names[i].mentions)


def find_unclear(analysis: Analysis) -> list[str]:
    """Return the arguments of parsers, as the text spells them, that no parameter stands for."""
    calls = (node for statement in analysis.statements for node in statement.walk())
    known = _find_known(analysis)
    return [
        ast.unparse(call)
        for call in calls
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        and _read_argument(call, known) is None
    ]


def _is_parse(call: ast.Call, given: frozenset[str] = frozenset()) -> bool:
    """Tell whether a call parses the command line; ``given`` are names that stand for it."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "parse_args"
        and len(call.args) <= 1
        and all(isinstance(each, ast.Name) and each.id in given for each in call.args)
        and not call.keywords
    )


def _without_vars(call: ast.Call) -> tuple[ast.Call, bool]:
    """Return what is called within ``vars(...)``, and whether that stands there."""
    match call:
        case ast.Call(func=ast.Name("vars"), args=[ast.Call() as inner], keywords=[]):
            return inner, True
    return call, False


def _list_defaults_of_none(function: ast.FunctionDef) -> frozenset[str]:
    """Return the parameters that are None where a call does not give them, and stay that."""
    spec = function.args
    defaults = zip(reversed(spec.args), reversed(spec.defaults), strict=False)
    names = {parameter.arg for parameter, value in defaults if ast.unparse(value) == "None"}
    bound = (n.id for n in ast.walk(function) if isinstance(n, ast.Name) and _is_stored(n))
    return frozenset(names.difference(bound))


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _statements_of_own_function(
    call: ast.Call, analysis: Analysis, head: Head
) -> list[ast.stmt] | None:
    """Return the body of the user's function that is called to parse, as in ``parse_args()``."""
    if not isinstance(call.func, ast.Name) or call.args or call.keywords:
        return None
    for index in head.definitions:
        node = analysis.statements[index].node
        if isinstance(node, ast.FunctionDef) and node.name == call.func.id:
            last = node.body[-1]
            body = [n for n in node.body if not _is_docstring(n)]
            given = _list_defaults_of_none(node)
            match last:
                case ast.Return(value=ast.Call() as returned) if _is_parse(returned, given):
                    return [*body[:-1], ast.Expr(ast.Call(returned.func, [], []))]
                case ast.Return(value=ast.Name(id=name)):
                    before = body[-2] if len(body) > 1 else None
                    match before:
                        case ast.Assign(
                            targets=[ast.Name(id=bound)], value=ast.Call() as parsed
                        ) if bound == name and _is_parse(parsed, given):
                            return body[:-2]
    return None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parser_statements(analysis: Analysis, indexes: Sequence[int]) -> list[int]:
    """Return the statements that are about the parser, up to the one that parses.

    Empty if others stand among them.
    """
    node = analysis.statements[indexes[-1]].node
    about: set[str] = set()
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        about = {root_name(_without_vars(node.value)[0].func) or ""}
    found: list[int] = []
    for place, index in enumerate(indexes):
        names = analysis.names[index]
        if about & (names.writes | names.mentions):
            about |= names.writes  # a group of the parser, say
            found.append(place)
    if not found or found != list(range(found[0], len(indexes))):
        return []
    return [indexes[place] for place in found]


class _Known(NamedTuple):
    """What names in the call of a parser stand for."""

    choices: Mapping[str, tuple[Any, ...]]
    constants: Mapping[str, ast.expr]


def _find_known(analysis: Analysis) -> _Known:
    nodes = [statement.node for statement in analysis.statements]
    return _Known(_find_choices(analysis), find_constants(nodes))


def _find_choices(analysis: Analysis) -> dict[str, tuple[Any, ...]]:
    """Return the items of lists and the keys of dictionaries that are bound once, by their names.

    Of a dictionary only the keys need be literals: ``MODELS = {"ridge": Ridge}``.
    """
    changed = {name for names in analysis.names for name in names.mutated}
    found: dict[str, tuple[Any, ...]] = {}
    for statement in analysis.statements:
        assigned = read_assignment(statement)
        if assigned is None or assigned[0] in changed or len(analysis.written_by(assigned[0])) != 1:
            continue
        name, value = assigned
        nodes = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
        keys = [node.value for node in nodes if isinstance(node, ast.Constant)]
        if keys and len(keys) == len(nodes):
            found[name] = tuple(keys)
    return found


def _read_parser(nodes: Sequence[ast.stmt], known: _Known) -> list[Argument] | None:
    arguments = []
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add_argument")) as call):
                argument = _read_argument(call, known)
                if argument is None:
                    return None
                arguments.append(argument)
            case ast.Assign(value=ast.Call() as call):
                called = ast.unparse(_without_vars(call)[0].func)
                if called.endswith("ArgumentParser") and not _only_shows(call):
                    return None
                if not called.endswith(("ArgumentParser", ".parse_args", ".add_argument_group")):
                    return None
            case ast.Expr(value=ast.Call() as call) if _is_parse(call):
                continue
            case _:
                return None
    return arguments


def _only_shows(call: ast.Call) -> bool:
    """Tell whether what makes a parser says nothing that changes what it gives."""
    return not call.args and {word.arg for word in call.keywords} <= _HARMLESS


_HARMLESS: Final = frozenset(
    ("prog", "description", "epilog", "usage", "formatter_class", "allow_abbrev", "add_help")
)


def _read_argument(call: ast.Call, known: _Known) -> Argument | None:
    flags = [a.value for a in call.args if isinstance(a, ast.Constant)]
    words = {k.arg: k.value for k in call.keywords}
    if len(flags) != len(call.args) or not flags or not _KNOWN_WORDS.issuperset(words):
        return None
    names = [str(flag) for flag in flags]
    options = tuple(name for name in names if name.startswith("-"))
    longest = next((n for n in names if n.startswith("--")), names[0])
    constant = ""
    if "default" in words:
        words["default"], constant = resolve(words["default"], known.constants)
    try:
        dest = ast.literal_eval(words["dest"]) if "dest" in words else longest.lstrip("-")
        said = ast.literal_eval(words["help"]) if "help" in words else ""
        choices = _read_choices(words["choices"], known.choices) if "choices" in words else ()
        default = read_default(words["default"]) if "default" in words else None
        is_required = "required" in words and bool(ast.literal_eval(words["required"]))
        action = _read_action(words.get("action"))
        number = ast.literal_eval(words["nargs"]) if "nargs" in words else None
    except (TypeError, ValueError):
        return None
    if choices:
        said = f"{said} (one of {', '.join(map(str, choices))})".strip()
    name = str(dest).replace("-", "_")
    if not is_possible(name):
        return None
    if action in ("store_true", "store_false"):
        stored = action == "store_true"
        if "default" in words and default is not (not stored):
            return None
        return Argument(
            name=name, flags=options, kind="bool", default=str(not stored),
            help=_without_marks(said, default), stored=stored,
        )  # fmt: skip
    if action in ("count", _ON_OR_OFF):
        kind = "int" if action == "count" else "bool"
        if not options or type(default).__name__ not in (kind, "NoneType"):
            return None
        off = [f"--no-{each[2:]}" for each in options if each.startswith("--")]
        return Argument(
            name=name, flags=options, off=tuple(off) if kind == "bool" else (), kind=kind,
            default=None if is_required else to_literal(default),
            help=_without_marks(said, default),
            is_counted=action == "count", constant=constant,
        )  # fmt: skip
    kind = ast.unparse(words["type"]) if "type" in words else "str"
    made = kind if kind in PATHS else ""
    if makes_path(words.get("default")) and not made:
        return None  # the script has a path, the flow would have a text
    if made:
        kind = "str"
        if default is None and options and not is_required:
            return None  # there is no path of None
    if action != "store" or kind not in TYPES:
        return None
    if number is not None:
        is_clear = number in ("+", "*" if options else "+") or isinstance(number, int)
        is_clear = is_clear and not (choices or made)
        needed = is_required or not options
        many = _as_many(default, kind, is_required=needed) if is_clear else None
        n_values = number if isinstance(number, int) else 0
        told = _without_marks(f"{said} {_SEVERAL}", default)
        return many and replace(many, name=name, flags=options, help=told, n_values=n_values)
    if default is not None and type(default).__name__ != kind:
        return None  # argparse converts it, a parameter would not
    return Argument(
        name=name,
        flags=options,
        kind=kind,
        default=None if is_required or not options else to_literal(default),
        help=_without_marks(said, default),
        choices=choices,
        made=made,
        constant="" if made else constant,
    )


_ON_OR_OFF: Final = "BooleanOptionalAction"


def _read_action(node: ast.expr | None) -> str:
    if node is None:
        return "store"
    is_own = ast.unparse(node) in (_ON_OR_OFF, f"argparse.{_ON_OR_OFF}")
    return _ON_OR_OFF if is_own else str(ast.literal_eval(node))


def _without_marks(said: object, default: object) -> str:
    """Return a text of help as argparse shows it."""
    text = str(said).replace("%(default)s", str(default)).replace("%%", "%")
    return " ".join(text.split())


_SEVERAL: Final = "(several, with blanks between)"


def _as_many(default: Any, kind: str, *, is_required: bool) -> Argument | None:
    """Return an argument that takes several values, as one text; None if that cannot hold them."""
    values = [] if default is None else default
    if not isinstance(values, list):
        return None  # the script would have no list
    if any(type(value).__name__ != kind for value in values):
        return None
    is_none = default is None and not is_required
    text = "None" if is_none else to_literal(shlex.join(map(str, values)))
    return Argument(
        name="",
        flags=(),
        kind="str",
        default=None if is_required else text,
        help="",
        many=kind,
        is_none=is_none,
    )


_MOST_CHOICES: Final = 100


def _read_choices(node: ast.expr, known: Mapping[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return choices as the text has them; those of a set in an order that stays.

    They may be those of a list or a dictionary that is ``known``: ``sorted(MODELS)``.
    """
    match node:
        case ast.Name(id=name) if name in known:
            return known[name]
        case (
            ast.Call(func=ast.Name(id="list" | "tuple"), args=[ast.Name(id=name)], keywords=[])
            | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="keys"), args=[])
        ) if name in known:
            return known[name]
        case ast.Call(func=ast.Name(id="range"), args=bounds, keywords=[]):
            found = range(*map(ast.literal_eval, bounds))
            if len(found) > _MOST_CHOICES:
                raise ValueError(found)
            return tuple(found)
        case ast.Call(func=ast.Name(id="sorted"), args=[inner], keywords=[]):
            return tuple(sorted(_read_choices(inner, known)))
    found = ast.literal_eval(node)
    if isinstance(found, str):  # of which any part will do
        raise ValueError(found)
    return tuple(sorted(found, key=repr) if isinstance(found, set) else found)


def translate_arguments(
    arguments: Arguments | None, given: Sequence[str], *, as_text: bool = False
) -> list[str]:
    """Return the options of the flow for what the script would be given.

    Parameters
    ----------
    as_text : bool
        The flow takes them as they would be typed, in one parameter.

    Raises
    ------
    OptionError
        One is none of the script's, or lacks its value.
    """
    if as_text:
        return [f"--{AS_TEXT}={shlex.join(given)}"] if given else []
    if arguments is None:
        return []
    positional = [a for a in arguments.arguments if not a.flags]
    by_flag = {flag: a for a in arguments.arguments for flag in (*a.flags, *a.off)}
    options: list[str] = []
    counted: Counter[str] = Counter()
    short = {flag[1] for flag, a in by_flag.items() if a.is_counted and len(flag) == 2}
    words = list(given)
    while words:
        word = words.pop(0)
        if len(word) > 2 and word[:1] == "-" and word[1] in short and not word[1:].strip(word[1]):
            words[:0] = [word[:2]] * (len(word) - 1)  # -vv
            continue
        flag, equals, value = word.partition("=")
        argument = by_flag.get(flag)
        if argument is None and not word.startswith("-") and positional:
            argument, equals, value = positional.pop(0), "=", word
        if argument is None:
            raise OptionError(f"the script has no argument {word}")
        if argument.kind == "bool":
            value = str(argument.stored != (flag in argument.off))
        elif argument.is_counted:
            counted[argument.option] += 1
            continue
        elif argument.many:
            values = [value] if equals else []
            while words and not (equals and argument.flags) and not _is_flag(words[0], by_flag):
                if argument.n_values and len(values) == argument.n_values:
                    break
                values.append(words.pop(0))
            value = shlex.join(values)
        elif not equals:
            if not words:
                raise OptionError(f"the argument {word} lacks its value")
            value = words.pop(0)
        options += [f"--{argument.option}", value]
    before = {a.option: a.default or "" for a in arguments.arguments if a.is_counted}
    for name, number in counted.items():
        begins = int(before[name]) if before[name].isdigit() else 0
        options += [f"--{name}", str(begins + number)]
    return options


def _is_flag(word: str, known: Mapping[str, Argument]) -> bool:
    return word.partition("=")[0] in known


def unparsed(arguments: Arguments | None) -> list[dict[str, Any]]:
    """Return the arguments for JSON."""
    return [
        {"name": a.name, "type": a.kind, "default": a.default, "help": a.help}
        for a in (arguments.arguments if arguments else ())
    ]
