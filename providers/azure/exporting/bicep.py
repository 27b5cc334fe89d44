"""A template in Bicep. Pure.

Syntax: Bicep docs, "Bicep file structure and syntax" and "Data types". No compiler of it has been at hand: the tests
parse what comes out with the language's published grammar, and the text says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.exporting.pieces import Id, Known, Parameter, Piece, is_plain, pieces
from bep.providers.azure.exporting.template import PURPOSE, REGION, WORKSPACE_NAME, Item, Template, texts_of
from bep.schemas.address import Address

_KNOWN: Final[Mapping[Known, str]] = {
    Known.SUBSCRIPTION: "subscription().subscriptionId",
    Known.GROUP: "resourceGroup().name",
    Known.WORKSPACE: WORKSPACE_NAME,
    Known.LOCATION: REGION,
}
_ESCAPES: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset(
    ("true", "false", "null", "if", "for", "in", "resource", "module", "param", "var", "output")
)
HEADER: Final = (
    "The same resources as the template in JSON.",
    "No Bicep compiler has seen this file: its syntax was held against the published grammar, its types were not.",
    "Run `bicep build` on it before you deploy it.",
)
BYTES: Final = "The bytes of code, models and data must be at these places before this is deployed:"

Symbols = Mapping[Address, str]


def rendered(template: Template) -> str:
    """The whole text, which ends with a newline."""
    symbols = {item.address: item.symbol for item in template.items}
    blocks = ["\n".join(_header(template)), *_parameters(template)]
    return "\n\n".join([*blocks, *(_resource(item, symbols) for item in template.items)]) + "\n"


def _header(template: Template) -> Iterator[str]:
    for line in HEADER:
        yield f"// {line}"
    if template.uploads:
        yield "//"
        yield f"// {BYTES}"
    for upload in template.uploads:
        yield f"//   {upload.address}: {upload.place}"


def _parameters(template: Template) -> Iterator[str]:
    yield _parameter(WORKSPACE_NAME, PURPOSE[WORKSPACE_NAME], f" = {_quoted(template.workspace)}")
    if template.has_region:
        yield _parameter(REGION, PURPOSE[REGION], " = resourceGroup().location")
    for secret in template.secrets:
        yield _parameter(secret.name, secret.purpose, secure="@secure()\n")


def _parameter(name: str, purpose: str, default: str = "", secure: str = "") -> str:
    return f"@description({_quoted(purpose)})\n{secure}param {name} string{default}"


def _resource(item: Item, symbols: Symbols) -> str:
    """A resource. What its body names by id is waited for without being said."""
    names = "/".join(item.names)
    name = f"'${{{WORKSPACE_NAME}}}/{_escaped(names)}'" if item.is_in_workspace else _quoted(names)
    body = f"{{\n  name: {name}\n{_members(item.body, symbols, 1)}"
    named = {piece.address for text in texts_of(item.body) for piece in pieces(text) if isinstance(piece, Id)}
    needs = [symbols[need] for need in item.needs if need not in named]
    if needs:
        body += "  dependsOn: [\n" + "".join(f"    {need}\n" for need in needs) + "  ]\n"
    return f"resource {item.symbol} {_quoted(f'{item.type}@{item.api_version}')} = {body}}}"


def _members(value: Mapping[str, Any], symbols: Symbols, depth: int) -> str:
    space = "  " * depth
    return "".join(f"{space}{_key(name, symbols)}: {_value(below, symbols, depth)}\n" for name, below in value.items())


def _value(value: Any, symbols: Symbols, depth: int) -> str:
    space = "  " * depth
    match value:
        case Mapping():
            return f"{{\n{_members(value, symbols, depth + 1)}{space}}}" if value else "{}"
        case list() | tuple():
            lines = "".join(f"{space}  {_value(below, symbols, depth + 1)}\n" for below in value)
            return f"[\n{lines}{space}]" if value else "[]"
        case str():
            return _text(value, symbols)
        case bool():
            return "true" if value else "false"
        case float():  # the language has whole numbers alone
            return f"json('{value}')"
        case None:
            return "null"
        case _:
            return str(value)


def _key(name: str, symbols: Symbols) -> str:
    is_plain = _NAME.fullmatch(name) is not None and name not in _RESERVED
    return name if is_plain else _text(name, symbols)


def _text(text: str, symbols: Symbols) -> str:
    found = pieces(text)
    if len(found) == 1 and not is_plain(found[0]):
        return _expression(found[0], symbols)
    parts = (_escaped(str(piece)) if is_plain(piece) else f"${{{_expression(piece, symbols)}}}" for piece in found)
    return f"'{''.join(parts)}'"


def _expression(piece: Piece, symbols: Symbols) -> str:
    match piece:
        case Known():
            return _KNOWN[piece]
        case Parameter():
            return piece.name
        case Id() if piece.address is not None and piece.address in symbols:
            return f"{symbols[piece.address]}.id"
        case Id():
            return f"resourceId({_quoted(piece.type)}, {WORKSPACE_NAME}, {', '.join(map(_quoted, piece.names))})"
        case _:
            return _quoted(piece)


def _quoted(text: str) -> str:
    return f"'{_escaped(text)}'"


def _escaped(text: str) -> str:
    """A text as it stands between quotes. A dollar begins something only before a brace."""
    found = "".join(_ESCAPES.get(letter) or (letter if letter.isprintable() else _by_number(letter)) for letter in text)
    return found.replace("${", "\\${")


def _by_number(letter: str) -> str:
    return f"\\u{{{ord(letter):x}}}"
