"""Where a datastore path or a data asset lies on this machine. Knows addresses and folders, not jobs."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

from bep.lazy_patterns import lazy_pattern
from bep.planner.observed import Observed
from bep.providers.local.content import ContentStore
from bep.providers.protocol import ProviderError
from bep.providers.world import Kept
from bep.schemas.address import Address, address_of, names_of

DEFAULT: Final = "workspaceblobstore"
"""The datastore that always exists: the folder `.bep/cloud/datastores/workspaceblobstore`."""
KNOWN: Final = ("local_folder", "fsspec")
"""The types that lead somewhere on this machine. One of any other type is a folder of this world's."""

_PATH = lazy_pattern(r"azureml://(?:subscriptions/.*/)?datastores/([^/]+)/paths/?(.*)", re.DOTALL)
_ASSET = lazy_pattern(
    r"(?:azureml:/?/?)?(?:/?(?:subscriptions|locations)/.*/)?data/([^/]+)/(versions|labels|versions/labels)/([^/]+)/?"
)
_WEB: Final = ("http://", "https://")
_UNREADABLE = ("wasb://", "wasbs://", "runs:/")
_NAMED = lazy_pattern(r"azureml:([^:@/]+)(?:(:|@)([^:@/]+))?")


class Source(Protocol):
    """What this module needs of the provider."""

    root: Path
    cloud: Path
    contents: ContentStore
    fetch: Callable[[str], Path]

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, oldest first."""
        ...


def locate(world: Source, uri: str) -> Path | Kept:
    """The local path behind `uri`; it need not exist, and a glob in it stays one.

    Forms: `azureml://datastores/D/paths/P` and its long forms; `azureml:NAME:VERSION`, `azureml:NAME@latest`,
    `azureml:NAME`, `data/NAME/VERSION`, `azureml://data/NAME/versions/V` and its long forms.
    What is stored elsewhere is copied here first; what is in the content store comes back as `Kept`.
    Raises `ProviderError` for what is not there, not local, or leaves its datastore by `..`.
    """
    found = resolve(world, uri)
    return found if isinstance(found, Path | Kept) else world.fetch(found)


def resolve(world: Source, uri: str) -> Path | str | Kept:
    """As `locate`, but what is stored elsewhere comes back as its address, for the runner to read."""
    return _place(world, uri, to_write=False)


def resolve_output(world: Source, uri: str) -> Path | str:
    """Where results go. Raises `ProviderError` as `locate` does, and for a data asset, which is read only."""
    place = _place(world, uri, to_write=True)
    assert not isinstance(place, Kept)  # refused there
    return place


def glimpse(world: Source, uri: str) -> int | Path | str:
    """How many files a registered asset has, from its record; what is no such asset comes back as from `resolve`.

    Nothing is laid out or fetched. Raises `ProviderError` as `resolve` does.
    """
    place = _place(world, uri, to_write=False)
    return len(place.record.files) if isinstance(place, Kept) else place


def is_folder(world: Source, uri: str) -> bool | None:
    """Whether `uri` is a folder here, as its asset or the disk says; None where that is not known without asking
    another place, or nothing is there. Nothing is laid out or fetched. Raises `ProviderError` as `resolve` does.

    Of an asset at a web address the asset says it: `resolve` ends the address of a folder with a slash.
    """
    place = _place(world, uri, to_write=False)
    if isinstance(place, str) and place.startswith(_WEB) and not _PATH.fullmatch(uri):
        return urlsplit(place).path.endswith("/")
    if isinstance(place, Kept):
        return place.attributes.get("type") != "uri_file"
    return place.is_dir() if isinstance(place, Path) and place.exists() else None


def _place(world: Source, uri: str, to_write: bool) -> Path | str | Kept:
    path = _PATH.fullmatch(uri)
    if path:
        return _in_datastore(world, uri, path[1], path[2])
    if to_write:
        message = f"results need a datastore path, such as azureml://datastores/{DEFAULT}/paths/myoutput"
        raise ProviderError(uri, "locate", message, code="UserError")
    return _asset(world, _data_address(world, uri))


def _data_address(world: Source, uri: str) -> Address:
    if uri.startswith("data/") and len(names_of(Address(uri))) == 2:
        return Address(uri)
    asset, named = _ASSET.fullmatch(uri), _NAMED.fullmatch(uri)
    if asset:
        name, wanted = asset[1], asset[3] if asset[2] == "versions" else "latest"
    elif named:
        name, wanted = named[1], named[3] if named[2] == ":" else "latest"
    else:
        message = "it is neither azureml://datastores/NAME/paths/PATH nor azureml:NAME:VERSION"
        raise ProviderError(uri, "locate", message, code="UserError")
    return _newest(world, uri, name) if wanted == "latest" else address_of("data", name, wanted)


def _newest(world: Source, uri: str, name: str) -> Address:
    versions = [address for address in world.list("data") if names_of(address)[0] == name]
    if not versions:
        raise _unknown(uri, "data asset", name, [names_of(address)[0] for address in world.list("data")])
    return versions[-1]


def _asset(world: Source, address: Address) -> Path | str | Kept:
    there = world.list("data")
    if address not in there:
        raise _unknown(address, "data asset", address, list(there))
    attributes, record = there[address].attributes, there[address].contents.get("path")
    if attributes.get("type") == "mltable":
        message = "it is of type mltable, which no batch endpoint scores; register its files as uri_folder"
        raise ProviderError(address, "locate", message, code="UserError")
    if record is not None:
        return Kept(address, attributes, record)
    path = str(attributes.get("path", ""))
    if path.startswith("azureml:"):
        return _place(world, path, to_write=False)
    if path.startswith(_WEB) and attributes.get("type") == "uri_folder":
        return _as_folder(path)
    if "://" in path and not path.startswith(_UNREADABLE):
        return path
    message = f"its path is {path}, which the local provider cannot read; declare a datastore of type fsspec for it"
    raise ProviderError(address, "locate", message, code="UserError")


def _as_folder(address: str) -> str:
    """A web address that ends with a slash, which is how the runner knows a folder."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/"))


def _in_datastore(world: Source, uri: str, name: str, path: str) -> Path | str:
    inside = PurePosixPath(path.lstrip("/"))
    if ".." in inside.parts or "\0" in path:
        raise ProviderError(uri, "locate", "a path inside a datastore has no '..'", code="UserError")
    there = world.list("datastore")
    address = address_of("datastore", name)
    if address not in there:
        raise _unknown(uri, "datastore", name, [names_of(known)[0] for known in there])
    attributes = there[address].attributes
    match attributes.get("type"):
        case "local_folder" if attributes.get("path"):
            return world.root / str(attributes["path"]) / inside
        case "fsspec":
            url = f"{str(attributes['url']).rstrip('/')}/{inside}".removesuffix("/.")
            return Path(url.removeprefix("file://")) if url.startswith("file://") else url
        case _:
            return folder_of(world.cloud, name) / inside


def folder_of(cloud: Path, name: str) -> Path:
    """The folder of a datastore that leads nowhere on this machine, or is the default one."""
    return cloud / "datastores" / name


def _unknown(uri: str, what: str, name: str, known: list[str]) -> ProviderError:
    near = get_close_matches(name, known, n=1) or sorted(set(known))[:5]
    hint = f"; there is {', '.join(near)}" if near else "; none is there yet"
    return ProviderError(uri, "locate", f"there is no {what} {name}{hint}", code="ResourceNotFound")
