"""PATCH: which members are published for it, and what it makes of a resource."""

import copy
from typing import Any, Final

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.exchange import Refusal
from tests.azure.double.rules import check_tags
from tests.azure.double.store import Document, Resource

PUBLISHED: Final[dict[str, Document]] = {
    "batchEndpoints": {"tags": {}, "identity": {}},
    "batchEndpoints/deployments": {"tags": {}, "properties": {"description": None}},
    "computes": {"properties": {"properties": {"scaleSettings": {}}}},
}
"""The members that a PATCH may have: {} is any value, None a single one."""


def patched(there: Resource, body: Any, behaviours: Behaviours) -> Document:
    """The resource's body after the PATCH.

    Raises:
        Refusal: the kind takes none, or not these members.
    """
    if there.kind not in PUBLISHED:
        raise Refusal(405, "MethodNotAllowed", "The requested resource does not support http method 'PATCH'.")
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content is not a JSON object.")
    if behaviours.published_patch:
        unknown = _beyond(body, PUBLISHED[there.kind], "$")
        if unknown:
            raise Refusal(400, "", "", fields={where: ["Could not find member."] for where in unknown})
    if behaviours.filled_tags:
        check_tags(body)
    return _over(there.body, body)


def _beyond(body: Document, published: Document, where: str) -> list[str]:
    found = []
    for name, value in body.items():
        if name not in published:
            found.append(f"{where}.{name}")
        elif published[name] and isinstance(value, dict):
            found += _beyond(value, published[name], f"{where}.{name}")
    return found


def _over(old: Document, new: Document) -> Document:
    """A merge patch, but for tags, which are replaced whole."""
    result = copy.deepcopy(old)
    for name, value in new.items():
        is_merged = isinstance(value, dict) and isinstance(result.get(name), dict) and name != "tags"
        result[name] = _over(result[name], value) if is_merged else copy.deepcopy(value)
    return result
