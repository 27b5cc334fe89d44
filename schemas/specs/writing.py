"""From canonical attributes back to what a user would write, in today's terms. Pure; knows no file and no YAML."""

from collections.abc import Callable, Mapping
from typing import Any

from bep.schemas.address import Address, is_address, kind_of, names_of
from bep.schemas.kinds.kind import load_kind
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.secret import Secret, is_sealed


def document(
    address: Address, attributes: Mapping[str, Any], path_of: Callable[[str], str], seen: Callable[[str], str] = str
) -> dict[str, Any]:
    """The document that declares these attributes, `kind` first.

    `path_of` gives the path to write for a content field, by its dotted name; `seen` that of any other local path,
    which the attributes have as seen from the workspace. A secret, which nobody can read back, becomes
    `${{ env.NAME }}`. Raises `ValueError` for a kind that has no document of its own.
    """
    kind = kind_of(address)
    if load_kind(kind).written_as:
        raise ValueError(kind)
    written = _written(attributes, (), address, path_of)
    if kind == "datastore" and written.get("type") == "local_folder" and "path" in written:
        written["path"] = seen(written["path"])
    if kind == "schedule":
        from bep.schemas.specs.schedules import with_paths

        written["create_job"] = with_paths(written["create_job"], seen)
    first = {name: written[name] for name in ("name", "version", "endpoint_name") if name in written}
    return {"kind": kind, **first, **{name: value for name, value in written.items() if value != {}}}


def split_of(attributes: Mapping[str, Any]) -> str:
    """The deployment that has the traffic, for `defaults: {deployment_name: ...}` of the endpoint; or nothing."""
    return next((name for name, share in attributes.get("split", {}).items() if share), "")


def as_written(address: Address, path: FieldPath, value: Any) -> Any:
    """One value of a field as a user would write it; a content as its local path."""
    return _written(value, path, address, lambda field: "")


def _written(value: Any, path: FieldPath, address: Address, path_of: Callable[[str], str]) -> Any:
    if isinstance(value, Secret) or is_sealed(value):
        return "${{ env." + "_".join(_word(part) for part in (*names_of(address), str(path[-1]))) + " }}"
    if isinstance(value, Mapping):
        if value.keys() == {"local", "sha256"}:
            return path_of(".".join(map(str, path))) or value["local"]
        return {name: _written(below, (*path, name), address, path_of) for name, below in value.items()}
    if isinstance(value, list):
        return [_written(below, (*path, index), address, path_of) for index, below in enumerate(value)]
    if isinstance(value, str) and _refers(kind_of(address), path) and is_address(value):
        return "azureml:" + ":".join(value.split("/")[1:])
    return value


def _refers(kind: str, path: FieldPath) -> bool:
    return any(
        len(pattern) == len(path) and all(wanted in ("*", found) for wanted, found in zip(pattern, path, strict=True))
        for pattern in load_kind(kind).references
    )


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text).upper()
