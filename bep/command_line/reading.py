"""The usual command line, read without typer: every word of it in the plainest form. Knows no command.

Whatever is not so plain (an option that is unknown, shortened, joined with others or without its value, a value that
may be none, a missing or surplus argument, `--help`) is left to typer: it reads it, or says what is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, get_args, get_origin

from bep.command_line.declaring import Argument, Option, Parameter
from bep.lazy_patterns import lazy_pattern

_UNDERSTOOD: Final = frozenset({"help", "metavar", "min"})
_WHOLE: Final = lazy_pattern("0|[1-9][0-9]{0,17}")
_NUMBER: Final = lazy_pattern(r"[0-9]{1,15}(\.[0-9]{1,15})?")


class _NotPlain(Exception):
    """The line is for typer. Never leaves this module."""


class _Parameter(NamedTuple):
    """One parameter of a command: of this type, several where `is_list`; `said` is what was declared of it."""

    name: str
    kind: Any
    is_list: bool
    said: Parameter
    is_required: bool


def values_of(function: Callable[..., Any], words: Sequence[str]) -> dict[str, Any] | None:
    """What a command is called with for these words; None where typer has to read them."""
    try:
        return _read([*_parameters(function)], words)
    except _NotPlain:
        return None


def names_of(function: Callable[..., Any]) -> Iterator[str]:
    """The names of a command's options."""
    for annotation in function.__annotations__.values():
        for said in getattr(annotation, "__metadata__", ()):
            if isinstance(said, Option):
                yield from (part for name in said.names for part in name.split("/"))


_JSON: Final[Sequence[tuple[str, ...]]] = (
    ("--output", "json"),
    ("-o", "json"),
    ("--output=json",),
    ("-ojson",),
    ("-o=json",),
)


def as_declared(function: Callable[..., Any], words: Sequence[str]) -> list[str]:
    """The words with `--json` for `-o json` where the command has only the one, and the other way round.

    A command whose `-o` is a file is left alone.
    """
    names = set(names_of(function))
    found: Sequence[tuple[str, ...]]
    if "--json" in names and not names & {"-o", "--output"}:
        found, instead = _JSON, ["--json"]
    elif "--output" in names and "--json" not in names:
        found, instead = [("--json",)], ["--output", "json"]
    else:
        return list(words)
    made, place = list[str](), 0
    end = words.index("--") if "--" in words else len(words)
    while place < end:
        one = next((each for each in found if tuple(words[place : place + len(each)]) == each), None)
        made += instead if one else words[place : place + 1]
        place += len(one) if one else 1
    return [*made, *words[end:]]


def _parameters(function: Callable[..., Any]) -> Iterator[_Parameter]:
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    for place, name in enumerate(names):
        kind, said = _told(function.__annotations__[name])
        if said.said.keys() - _UNDERSTOOD or any("/" in each for each in said.names):
            raise _NotPlain
        several = get_origin(kind) is list
        one = next(iter(get_args(kind))) if several else kind
        yield _Parameter(name, one, several, said, is_required=place < len(names) - len(defaults))


def _told(annotation: Any) -> tuple[Any, Parameter]:
    """The type without `Annotated` and `| None`, and what is declared of it."""
    told = getattr(annotation, "__metadata__", ())
    said = next(iter(told), None)
    if len(told) != 1 or not isinstance(said, Parameter):
        raise _NotPlain
    kind = annotation.__origin__
    if isinstance(kind, UnionType):
        kinds = [each for each in get_args(kind) if each is not NoneType]
        kind = kinds.pop()
        if kinds:
            raise _NotPlain
    return kind, said


def _read(parameters: Sequence[_Parameter], words: Sequence[str]) -> dict[str, Any]:
    options = {name: each for each in parameters if isinstance(each.said, Option) for name in each.said.names}
    if any(isinstance(each.said, Option) and (not each.said.names or each.is_required) for each in parameters):
        raise _NotPlain
    found: dict[str, Any] = {}
    plain: list[str] = []
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            plain.append(word)
            continue
        name, equals, value = word.partition("=")
        option = options.get(name)
        if option is None or (equals and (option.kind is bool or not name.startswith("--"))):
            raise _NotPlain
        _add(found, option, True if option.kind is bool else _value(option, value if equals else next(left, "-")))
    return {**found, **_placed([each for each in parameters if isinstance(each.said, Argument)], plain)}


def _add(found: dict[str, Any], parameter: _Parameter, value: Any) -> None:
    if parameter.is_list:
        found.setdefault(parameter.name, []).append(value)
    elif parameter.name in found:
        raise _NotPlain
    else:
        found[parameter.name] = value


def _placed(arguments: Sequence[_Parameter], words: Sequence[str]) -> Mapping[str, Any]:
    """The arguments' values, in their order; the last of them may be a list."""
    found: dict[str, Any] = {}
    left = list(words)
    for argument in arguments:
        if argument.is_list and argument is not arguments[-1]:
            raise _NotPlain
        if not left and argument.is_required:
            raise _NotPlain
        for word in [left.pop(0) for _ in range(len(left) if argument.is_list else min(1, len(left)))]:
            _add(found, argument, _value(argument, word))
    if left:
        raise _NotPlain
    return found


def _value(parameter: _Parameter, word: str) -> Any:
    kind = parameter.kind
    if not word or word.startswith("-") or not word.isprintable():
        raise _NotPlain
    if kind is str:
        return word
    if kind is Path:
        return Path(word)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, word)
    pattern = {int: _WHOLE, float: _NUMBER}.get(kind)
    if pattern is None or not pattern.fullmatch(word):
        raise _NotPlain
    number = kind(word)
    if number < parameter.said.said.get("min", number):
        raise _NotPlain
    return number


def _member(kind: type[Enum], word: str) -> Enum:
    for member in kind:
        if member.value == word:
            return member
    raise _NotPlain
