"""The options of a command of click or typer, as parameters of a flow can stand for them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from mlstages.refactor.argument import (
    PATHS,
    Argument,
    is_possible,
    makes_path,
    read_default,
    resolve,
    to_literal,
)

_SHOWN_ONLY: Final = frozenset(
    "help show_default show_choices metavar hidden rich_help_panel show_envvar".split()
)
"""Keywords that say how an option looks in the help."""

_KINDS: Final = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "click.INT": "int",
    "click.FLOAT": "float",
    "click.STRING": "str",
    "click.BOOL": "bool",
}


class _Said(NamedTuple):
    """What a decorator or a default says of an option."""

    texts: tuple[str, ...]
    """Flags, and in click perhaps the name."""
    words: Mapping[str, ast.expr]


def read_click(
    function: ast.FunctionDef, names: Mapping[str, str], constants: Mapping[str, ast.expr]
) -> list[Argument] | str:
    """Return the arguments that decorators of click declare, or why they cannot be told.

    Parameters
    ----------
    names : mapping of str to str
        What the names of the script that are click's stand for: ``click``, ``click.option``.
    constants : mapping of str to expression
        As `find_constants` finds them: an option may have one as its default.
    """
    found: list[Argument] = []
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call):
            return f"it is decorated by {ast.unparse(decorator)}"
        match spell(decorator.func, names):
            case "click.command" if only_shows(decorator):
                continue
            case "click.version_option" | "click.help_option":
                continue
            case "click.option":
                argument = _read_click(decorator, names, constants, is_option=True)
            case "click.argument":
                argument = _read_click(decorator, names, constants, is_option=False)
            case _:
                return f"it is decorated by {ast.unparse(decorator)}"
        if argument is None:
            return f"no parameter of a flow can stand for {ast.unparse(decorator)}"
        found.append(argument)
    return _in_order(function, found)


def read_typer(
    function: ast.FunctionDef, names: Mapping[str, str], constants: Mapping[str, ast.expr]
) -> list[Argument] | str:
    """Return the arguments that a signature declares to typer, or why they cannot be told."""
    spec = function.args
    parameters = [*spec.args, *spec.kwonlyargs]
    defaults: list[ast.expr | None] = [None] * (len(spec.args) - len(spec.defaults))
    defaults += [*spec.defaults, *spec.kw_defaults]
    found: list[Argument] = []
    for parameter, default in zip(parameters, defaults, strict=True):
        argument = _read_typer(parameter, default, names, constants)
        if argument is None:
            return f"no parameter of a flow can stand for {ast.unparse(parameter)}"
        found.append(argument)
    return _in_order(function, found)


def spell(node: ast.expr, names: Mapping[str, str]) -> str:
    """Return what an expression names, as its library calls it; an empty text for others."""
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attribute):
            owner = spell(value, names)
            return f"{owner}.{attribute}" if owner else ""
    return ""


_HARMLESS: Final = frozenset(
    "name help short_help epilog options_metavar no_args_is_help hidden deprecated add_completion "
    "rich_markup_mode rich_help_panel add_help_option".split()
)
"""Keywords of a command or an application that change no value."""
_HARMLESS_SETTINGS: Final = ("help_option_names", "show_default", "max_content_width")


def only_shows(call: ast.Call) -> bool:
    """Tell whether what makes a command says nothing that changes what it is given."""
    for word in call.keywords:
        match word:
            case ast.keyword(arg="context_settings", value=ast.Dict(keys=keys)):
                shown = [key.value for key in keys if isinstance(key, ast.Constant)]
                if len(shown) < len(keys) or not {*shown} <= {*_HARMLESS_SETTINGS}:
                    return False
            case ast.keyword(arg=str(name)):
                if name not in _HARMLESS and not name.startswith("pretty_exceptions"):
                    return False
            case _:
                return False
    return True


def _in_order(function: ast.FunctionDef, found: list[Argument]) -> list[Argument] | str:
    """Return the arguments if they are those of the signature, else why they are not."""
    spec = function.args
    parameters = {parameter.arg for parameter in (*spec.args, *spec.kwonlyargs)}
    if spec.vararg or spec.kwarg or spec.posonlyargs:
        return "its arguments are more than plain names"
    if {each.name for each in found} != parameters or len(found) != len(parameters):
        return "its arguments are not those that are declared"
    flags = [flag for each in found for flag in (*each.flags, *each.off)]
    options = {each.option.lower() for each in found}  # Metaflow does not heed the case
    is_clear = len({*flags}) == len(flags) and len(options) == len(found)
    return found if is_clear else "two of its options are called alike"


def _read_click(
    call: ast.Call,
    names: Mapping[str, str],
    constants: Mapping[str, ast.expr],
    *,
    is_option: bool,
) -> Argument | None:
    said = _read_call(call, _SHOWN_ONLY | {"default", "type", "required", "is_flag"})
    if said is None:
        return None
    flags, off = _part_flags(text for text in said.texts if text.startswith("-"))
    longest = next((f for f in flags if f.startswith("--")), "".join(flags[:1]))
    named = [text for text in said.texts if text.isidentifier()]
    if not all(text.startswith("-") or text.isidentifier() for text in said.texts):
        return None
    if bool(flags) != is_option or len(named) > 1 or (not flags and not named):
        return None
    name = named[0] if named else longest.lstrip("-")
    try:
        default, constant = _read_default(said.words.get("default"), constants)
        is_flag = bool(off) or _is_true(said.words.get("is_flag"))
        is_required = _is_true(said.words.get("required")) if is_option else default is None
        made_by = _read_type(said.words.get("type"), names)
    except (TypeError, ValueError):
        return None
    if made_by is None or (not is_option and "required" in said.words):
        return None
    if is_flag and default is None and "default" in said.words:
        return None  # neither on nor off
    kind = made_by.kind or (
        "bool" if is_flag else "str" if default is None else type(default).__name__
    )
    argument = Argument(
        name=name.lower().replace("-", "_"),
        flags=flags,
        off=off,
        kind=kind,
        default=None,
        help="",
        choices=made_by.choices,
        made=made_by.made,
        constant=constant,
    )
    default = False if is_flag and default is None else default
    if (kind == "bool") != is_flag or (is_flag and is_required):
        return None
    return _with_default(argument, default, said, is_required=is_required)


class _Type(NamedTuple):
    """What a library makes of a text."""

    kind: str
    """Empty where the default tells it."""
    choices: tuple[str, ...] = ()
    made: str = ""


def _read_type(node: ast.expr | None, names: Mapping[str, str]) -> _Type | None:
    """Return what click's ``type`` says; None if no parameter has that."""
    match node:
        case None:
            return _Type("")
        case ast.Call(func=function, args=[values], keywords=[]):
            if spell(function, names) == "click.Choice":
                choices = tuple(ast.literal_eval(values))
                is_text = all(isinstance(each, str) for each in choices)
                return _Type("str", choices=choices) if is_text else None
        case ast.Call(func=function, args=[]):
            words = {word.arg: word.value for word in node.keywords}
            made = ast.unparse(words["path_type"]) if "path_type" in words else ""
            changes = words.keys() & {"resolve_path", "allow_dash", None}
            if (
                spell(function, names) == "click.Path"
                and made in (*PATHS, "", "str")
                and not changes
            ):
                return _Type("str", made="" if made == "str" else made)
        case _:
            kind = _KINDS.get(spell(node, names) or ast.unparse(node))
            return _Type(kind) if kind else None
    return None


def _read_typer(
    parameter: ast.arg,
    default: ast.expr | None,
    names: Mapping[str, str],
    constants: Mapping[str, ast.expr],
) -> Argument | None:
    annotation, said = parameter.annotation, _Said((), {})
    info: ast.Call | None = None
    match annotation:
        case ast.Subscript(
            value=ast.Name("Annotated") | ast.Attribute(attr="Annotated"),
            slice=ast.Tuple(elts=[inner, ast.Call() as call]),
        ):
            annotation, info = inner, call
        case _ if isinstance(default, ast.Call) and not makes_path(default):
            info = default
    is_option = default is not None
    if info is not None:
        match spell(info.func, names):
            case "typer.Option":
                is_option = True
            case "typer.Argument":
                is_option = False
            case _:
                return None
        read = _read_call(info, _SHOWN_ONLY | {"default"}, may_begin_with_default=info is default)
        if read is None:
            return None
        said = read
        if info is default:
            default = said.words.get("default")
    if isinstance(default, ast.Constant) and default.value is ...:
        default = None
    return _read_annotated(parameter.arg, annotation, default, said, constants, is_option=is_option)


def _read_annotated(
    name: str,
    annotation: ast.expr | None,
    default: ast.expr | None,
    said: _Said,
    constants: Mapping[str, ast.expr],
    *,
    is_option: bool,
) -> Argument | None:
    kind, may_be_none = _read_annotation(annotation)
    made = kind if kind in PATHS else ""
    try:
        value, constant = _read_default(default, constants)
    except ValueError:
        return None
    if value is None and default is not None and (not may_be_none or made):
        return None
    is_required = default is None
    flags, off = _part_flags(iter(said.texts))
    if is_option and not flags:
        dashed = name.strip("_").replace("_", "-")
        flags, off = (f"--{dashed}",), (f"--no-{dashed}",) if kind == "bool" else ()
    if flags and not is_option:
        return None
    if kind == "bool" and is_required:
        return None
    kind = "str" if made else kind
    argument = Argument(
        name=name, flags=flags, off=off, kind=kind, default=None, help="", made=made,
        constant=constant,
    )  # fmt: skip
    return _with_default(argument, value, said, is_required=is_required)


def _read_annotation(node: ast.expr | None) -> tuple[str, bool]:
    """Return the type that an annotation tells, and whether it may be None."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return ast.unparse(left), True
        case ast.Subscript(
            value=ast.Name("Optional") | ast.Attribute(attr="Optional"), slice=inner
        ):
            return ast.unparse(inner), True
    return (ast.unparse(node) if node else ""), False


def _read_call(
    call: ast.Call, known: frozenset[str], *, may_begin_with_default: bool = False
) -> _Said | None:
    """Return what a call says; None where it says what is not ``known`` here."""
    words = {word.arg: word.value for word in call.keywords if word.arg is not None}
    values = list(call.args)
    if may_begin_with_default and values:
        words["default"] = values.pop(0)
    texts = [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
    if len(texts) < len(values) or len(words) < len(call.keywords) or not words.keys() <= known:
        return None
    return _Said(tuple(texts), words)


def _part_flags(texts: Iterator[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the flags, and those that switch off: ``--save/--no-save``."""
    parted = [text.partition("/") for text in texts]
    flags = tuple(flag.strip() for flag, _, _ in parted if flag.strip())
    return flags, tuple(off.strip() for _, _, off in parted if off.strip())


def _read_default(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> tuple[Any, str]:
    """Return the value of a default, None where there is none, and the constant that it is."""
    if node is None:
        return None, ""
    value, constant = resolve(node, constants)
    return read_default(value), "" if makes_path(value) else constant


def _is_true(node: ast.expr | None) -> bool:
    return node is not None and bool(ast.literal_eval(node))


def _with_default(
    argument: Argument, default: Any, said: _Said, *, is_required: bool
) -> Argument | None:
    """Return the argument with default and help; None if a parameter would make another value."""
    kind = argument.kind
    if kind not in ("int", "float", "str", "bool") or not is_possible(argument.name):
        return None
    is_whole = kind == "float" and type(default) is int  # which the library makes a float
    default = float(default) if is_whole else default
    if default is not None and type(default).__name__ != kind:
        return None
    if argument.made and default is None and not is_required:
        return None  # there is no path of None
    try:
        text = str(ast.literal_eval(said.words["help"])) if "help" in said.words else ""
    except ValueError:
        return None
    choices = f"(one of {', '.join(argument.choices)})" if argument.choices else ""
    return replace(
        argument,
        default=None if is_required else to_literal(default),
        help=" ".join(f"{text} {choices}".split()),
        constant="" if argument.made or is_whole else argument.constant,
    )
