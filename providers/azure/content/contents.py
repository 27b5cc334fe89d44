"""Where bytes lie in the workspace's datastores: named by their digest, so that the name says what is there. Pure.

`azureml://datastores/STORE/paths/bep/DIGEST/NAME` is a file or a folder of that content; `codes/bep-DIGEST/versions/1`
is code. So nothing has to be fetched to know what an object consists of.
"""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from bep.lazy_patterns import lazy_pattern
from bep.planner.state import ContentRecord
from bep.providers.azure.translation.shape import Path, at, put
from bep.schemas.address import Address, names_of
from bep.schemas.content import RULE
from bep.schemas.kinds.kind import load_kind

FOLDER: Final = "bep"
DEFAULT_STORE: Final = "workspaceblobstore"
CODE: Final = "code"
"""The last name of a field whose bytes become a code asset."""
_URI = lazy_pattern(r"azureml://datastores/([^/]+)/paths/(bep/([0-9a-f]{64})/([^/]+))/?")
_CODE = lazy_pattern(r"azureml:bep-([0-9a-f]{64}):1")


def store_of(attributes: Mapping[str, Any]) -> str:
    """The datastore that an asset's bytes go to."""
    named = attributes.get("datastore")
    return names_of(Address(named))[-1] if isinstance(named, str) and "/" in named else DEFAULT_STORE


def folder_of(content: Mapping[str, Any]) -> str:
    """Where in a datastore a content is kept."""
    name = posixpath.basename(str(content.get("local", "")).rstrip("/")) or "content"
    return f"{FOLDER}/{content['sha256']}/{name}"


def uri_of(content: Mapping[str, Any], store: str) -> str:
    """The URI of a content, as a spec would name it."""
    return f"azureml://datastores/{store}/paths/{folder_of(content)}"


def code_name(content: Mapping[str, Any]) -> str:
    """The name of the code asset with a content."""
    return f"bep-{content['sha256']}"


def fields_of(kind: str) -> tuple[Path, ...]:
    """The fields of a kind whose bytes the service keeps."""
    return tuple(sorted(tuple(map(str, path)) for path in load_kind(kind).content))


def stored(kind: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with each content named by where the service has it, or will, as a spec would name that."""
    found = _copied(attributes)
    for path in fields_of(kind):
        content = at(found, path)
        if isinstance(content, Mapping):
            is_code = path[-1] == CODE
            put(found, path, f"azureml:{code_name(content)}:1" if is_code else uri_of(content, store_of(found)))
    return found


def recognised(kind: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with each place that bep has stored a content at as that content; other places as they are."""
    found = _copied(attributes)
    for path in fields_of(kind):
        text = at(found, path)
        content = _content(text) if isinstance(text, str) else None
        if content is not None:
            put(found, path, content)
    return found


def place_of(text: str) -> tuple[str, str]:
    """The datastore and the path in it that a recognised place is; of code, no path: its asset knows it."""
    found = _URI.fullmatch(text)
    return (found[1], found[2]) if found else (DEFAULT_STORE, "")


def records_of(kind: str, attributes: Mapping[str, Any]) -> dict[str, ContentRecord]:
    """The contents in recognised attributes. Which files they consist of is not known without looking."""
    found = {".".join(path): at(attributes, path) for path in fields_of(kind)}
    return {
        path: ContentRecord(sha256=value["sha256"], rule=RULE)
        for path, value in found.items()
        if isinstance(value, dict)
    }


def _content(text: str) -> dict[str, str] | None:
    if found := _URI.fullmatch(text):
        return {"local": found[4], "sha256": found[3]}
    if code := _CODE.fullmatch(text):
        return {"local": "", "sha256": code[1]}
    return None


def _copied(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in attributes.items()}
