"""What somebody asks for with a body of the service's: attributes, as a spec would have them. Pure; sends nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.providers.azure.answering.unsaid import LOCATION, UNSAID
from bep.providers.azure.place import Place
from bep.providers.azure.translation.normalising import clear_attributes
from bep.providers.azure.translation.published import READ_ONLY, faults, writable
from bep.providers.azure.translation.shape import at, overlaid, without
from bep.providers.azure.translation.shapes import shape_of
from bep.providers.bodies import BodyRefused, Shown, Wish
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.kinds.kind import fields_of_type, load_kind

MASKED: Final = "********"
"""What stands for the value of a secret environment variable. Sent back, it means the value that is there."""
TYPE: Final = "bep.type"
"""The tag with bep's own type of what the service has no type for: this machine as a compute, a folder as a store."""
_OF_ACCOUNT: Final = ("account_name", "container_name", "endpoint", "protocol", "path", "url")
"""What leads to the bytes of a datastore: of one on this machine, the service's words for it are its server's own."""


def wish_of(address: Address, body: Mapping[str, Any], there: Shown | None, place: Place) -> Wish:
    """The attributes that a body asks for. What only the service writes is passed over, and what it says only because
    the service would answer so is not asked for. Raises `BodyRefused`."""
    kind, known = kind_of(address), dict(there.observed.attributes) if there is not None else {}
    told = _without_nulls(body)
    if kind == "datastore":
        told = _of_a_folder(told)
    _must_be_published(kind, told)
    if kind == "environment":
        _must_be_plain(at(told, ("properties", "condaFile")))
    found = _asked(address, writable(shape_of(kind).type, told), place)
    if kind == "datastore" and there is not None:
        found = {name: value for name, value in found.items() if name not in _OF_ACCOUNT}
    found |= _as_there(kind, known)
    unasked = _asked(address, {**UNSAID.get(kind, {}), "location": LOCATION}, place)
    wanted = _without_unasked(found, unasked, known, load_kind(kind).identity)
    masked = (*_masked(wanted, ()), *((("credentials",),) if kind == "datastore" and "credentials" in known else ()))
    default = at(body, ("properties", "defaults"))
    says = kind == "endpoint" and isinstance(default, Mapping)
    name = str(at(default, ("deploymentName",)) or "") if says else ""
    return Wish(address, without(wanted, masked), masked, says, name)


def _must_be_published(kind: str, told: Mapping[str, Any]) -> None:
    """Where a workspace has one region, nobody has to say it."""
    located = {"location": LOCATION} if shape_of(kind).located else {}
    refused = [one for one in faults(shape_of(kind).type, {**located, **told}) if one.message != READ_ONLY]
    if refused:
        raise BodyRefused([f"{'.'.join(one.member)}: {one.message}" for one in refused])


def _must_be_plain(conda: Any) -> None:
    """Refuse a conda file that says one thing under many names: written out, a few lines may be gigabytes."""
    import yaml

    try:
        if isinstance(conda, str) and any(isinstance(one, yaml.AliasEvent) for one in yaml.parse(conda)):
            raise BodyRefused(["properties.condaFile: it has aliases, which are not taken"])
    except yaml.YAMLError as problem:
        raise BodyRefused([f"properties.condaFile: it is no YAML: {str(problem).splitlines()[0]}"]) from None


def _as_there(kind: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that a body says otherwise than they are, since the service has no words for them."""
    if kind == "compute":
        is_published = known.get("type", "amlcompute") == "amlcompute"
        return {
            name: known[name] for name in ("type", *fields_of_type(kind, "ray")) if name in known and not is_published
        }
    return {name: known[name] for name in ("type", *_OF_ACCOUNT) if name in known} if kind == "datastore" else {}


def _asked(address: Address, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
    found: dict[str, Any] = _without_nothing(clear_attributes(address, body, place))
    if kind_of(address) == "component":
        return found
    return {**found, **dict(zip(load_kind(kind_of(address)).identity, names_of(address), strict=True))}


def _of_a_folder(told: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a datastore, which is a folder of this machine's own: nobody names another over the network, and no
    secret is taken for it. What opens it, as it is answered, is passed over."""
    if str(at(told, ("properties", "datastoreType"))).casefold() != "azureblob":
        raise BodyRefused(["properties.datastoreType: only AzureBlob, which is a folder of this machine's here"])
    if at(told, ("properties", "credentials", "secrets")):
        raise BodyRefused(["properties.credentials: no secret is taken here; specs declare it, as ${{ env.NAME }}"])
    return overlaid(told, {"properties": {"credentials": {"credentialsType": "None"}}})


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(below) for name, below in value.items() if below is not None}
    return value


def _without_nothing(value: Any) -> Any:
    """Without empty texts, lists and mappings: they say nothing."""
    if not isinstance(value, Mapping) or "sha256" in value:
        return value
    inner = {name: _without_nothing(below) for name, below in value.items()}
    return {name: below for name, below in inner.items() if below not in (None, "", {}, [])}


def _without_unasked(
    found: Mapping[str, Any], unasked: Mapping[str, Any], known: Mapping[str, Any], identity: tuple[str, ...]
) -> dict[str, Any]:
    """What is asked for but for what the service would say anyway and the object does not have by itself."""
    wanted: dict[str, Any] = {}
    for name, value in found.items():
        default, now = unasked.get(name), known.get(name)
        if name in identity:
            wanted[name] = value
        elif isinstance(value, Mapping) and isinstance(default, Mapping):
            inner = _without_unasked(value, default, now if isinstance(now, Mapping) else {}, ())
            if inner:
                wanted[name] = inner
        elif now is not None or value != default:
            wanted[name] = value
    return wanted


def _masked(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _masked(below, (*path, name))
    elif value == MASKED:
        yield path
