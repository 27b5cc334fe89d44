"""A template in JSON, as Azure Resource Manager takes it. Pure.

Expressions: Azure Resource Manager docs, "Syntax and expressions in templates".
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from bep.providers.azure.exporting.pieces import Id, Known, Parameter, Piece, is_plain, pieces
from bep.providers.azure.exporting.template import PURPOSE, REGION, SCHEMA, VERSION, WORKSPACE_NAME, Item, Template

_KNOWN: Final[Mapping[Known, str]] = {
    Known.SUBSCRIPTION: "subscription().subscriptionId",
    Known.GROUP: "resourceGroup().name",
    Known.WORKSPACE: f"parameters('{WORKSPACE_NAME}')",
    Known.LOCATION: f"parameters('{REGION}')",
}
NOTE: Final = (
    "The bytes of code, models and data are not in a template. They must be at these places before it is deployed."
)


def rendered(template: Template) -> str:
    """The whole text, which ends with a newline."""
    ids = {item.address: _id_of(item) for item in template.items}
    whole = {
        "$schema": SCHEMA,
        "contentVersion": VERSION,
        "metadata": _metadata(template),
        "parameters": _parameters(template),
        "resources": [_resource(item, [f"[{ids[need]}]" for need in item.needs]) for item in template.items],
    }
    return json.dumps({name: value for name, value in whole.items() if value != {}}, indent=2) + "\n"


def _metadata(template: Template) -> dict[str, Any]:
    places = [{"resource": each.address, "place": each.place} for each in template.uploads]
    return {"bytes": {"note": NOTE, "places": places}} if places else {}


def _parameters(template: Template) -> dict[str, Any]:
    given = {
        "type": "string",
        "defaultValue": _literal(template.workspace),
        "metadata": _purpose(PURPOSE[WORKSPACE_NAME]),
    }
    found: dict[str, Any] = {WORKSPACE_NAME: given}
    if template.has_region:
        here = "[resourceGroup().location]"
        found[REGION] = {"type": "string", "defaultValue": here, "metadata": _purpose(PURPOSE[REGION])}
    for secret in template.secrets:
        found[secret.name] = {"type": "securestring", "metadata": _purpose(secret.purpose)}
    return found


def _purpose(text: str) -> dict[str, str]:
    return {"description": text}


def _resource(item: Item, needs: list[str]) -> dict[str, Any]:
    name = f"[concat({_KNOWN[Known.WORKSPACE]}, {_quoted('/' + '/'.join(item.names))})]"
    head = {
        "type": item.type,
        "apiVersion": item.api_version,
        "name": name if item.is_in_workspace else _literal(item.names[0]),
        **({"dependsOn": needs} if needs else {}),
    }
    return {**head, **_value(item.body)}


def _id_of(item: Item) -> str:
    if item.is_in_workspace:
        return _expression(Id(item.type, item.names, item.address))
    return f"resourceId({_quoted(item.type)}, {_quoted(item.names[0])})"


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_text(name): _value(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_value(below) for below in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    found = pieces(text)
    if all(map(is_plain, found)):
        return _literal(text)
    parts = [_expression(piece) for piece in found]
    return f"[{parts[0]}]" if len(parts) == 1 else f"[concat({', '.join(parts)})]"


def _literal(text: str) -> str:
    """A text in brackets is an expression, unless the first bracket is doubled."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def _expression(piece: Piece) -> str:
    match piece:
        case Known():
            return _KNOWN[piece]
        case Parameter():
            return f"parameters({_quoted(piece.name)})"
        case Id():
            names = ", ".join(map(_quoted, piece.names))
            return f"resourceId({_quoted(piece.type)}, {_KNOWN[Known.WORKSPACE]}, {names})"
        case _:
            return _quoted(piece)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
