"""A datastore, browsed: a folder at a time, a file of it opened. Reads only, and nothing outside of its folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from bep.app.errors import NotFound, Refused
from bep.app.workspace.faces import places_of
from bep.app.workspace.own_folder import must_not_be_own
from bep.disk.beneath import Entry as Stored
from bep.disk.beneath import NotBeneath, listed, opened, parts_of
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import names_of

__all__ = ["Browsed", "Place", "Stored", "browsed", "datastores_of", "in_datastore", "place_named", "stored_file"]

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading

PAGE: Final = 200
_PATH = lazy_pattern(r"azureml://(?:subscriptions/.*/)?datastores/([^/]+)/paths/?(.*)")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a datastore: its name, and a path in it, without a slash at either end; empty: all of it."""

    datastore: str
    path: str = ""

    @property
    def address(self) -> str:
        """As specs and jobs name it."""
        return f"azureml://datastores/{self.datastore}/paths/{self.path}"


@dataclass(frozen=True, slots=True)
class Browsed:
    """What a place has: the entries of a folder, by name, or the one file that it is. `next` is the name after which
    the listing goes on, empty: there are no more. `elsewhere` says where it lies if that is not on this machine."""

    place: Place
    entries: tuple[Stored, ...] = ()
    file: Stored | None = None
    next: str = ""
    elsewhere: str = ""


def datastores_of(workspace: "Reading") -> tuple[str, ...]:
    """The names of those there are. Raises `Unavailable` for a world whose data lies in a service."""
    places_of(workspace)
    return tuple(sorted(names_of(address)[0] for address in workspace.provider.list("datastore")))


def in_datastore(uri: str) -> tuple[str, str] | None:
    """The datastore and the path in it that a URI names, short or with its workspace; None for any other text."""
    found = _PATH.fullmatch(uri)
    return (found[1], found[2]) if found else None


def place_named(workspace: "Reading", text: str, datastore: str) -> Place:
    """What a person has pasted: a path as a job names it, or one in this datastore. Raises `Refused`."""
    text = text.strip()
    if (found := in_datastore(text)) is not None:
        return Place(found[0], _tidy(found[1]))
    if text.startswith("/"):
        root = _root(workspace, datastore)
        if isinstance(root, Path) and Path(text).is_relative_to(root):
            return Place(datastore, _tidy(Path(text).relative_to(root).as_posix()))
    if "://" in text or text.startswith("azureml:"):
        raise Refused(
            f"{text} is no path of a datastore\n    fix: such as azureml://datastores/{datastore}/paths/myoutput, or "
            "a path in it: myoutput"
        )
    return Place(datastore, _tidy(text))


def browsed(workspace: "Reading", place: Place, after: str = "") -> Browsed:
    """What is there, from the names behind `after` on. Raises `NotFound`."""
    root = _root(workspace, place.datastore)
    if isinstance(root, str):
        return Browsed(place, elsewhere=_shown(root))
    try:
        found = listed(root, place.path, after=after, most=PAGE + 1)
    except NotBeneath:
        if not place.path:  # a datastore that nothing has been written to has no folder yet
            return Browsed(place)
        return Browsed(place, file=_file(root, place))
    following = found[PAGE - 1].name if len(found) > PAGE else ""
    return Browsed(place, tuple(found[:PAGE]), next=following)


@contextmanager
def stored_file(workspace: "Reading", place: Place) -> Iterator[BinaryIO]:
    """One file. Raises `NotFound`."""
    root = _root(workspace, place.datastore)
    try:
        if not isinstance(root, Path):
            raise NotBeneath(place.path)
        with opened(root, place.path) as stream:
            yield stream
    except NotBeneath:
        raise _nothing(place) from None


def _root(workspace: "Reading", datastore: str) -> Path | str:
    from bep.providers.protocol import ProviderError

    try:
        root = places_of(workspace).resolve_output(f"azureml://datastores/{datastore}/paths/")
    except ProviderError as problem:
        if problem.code == "ResourceNotFound":
            raise NotFound(problem.message) from None
        raise
    if isinstance(root, Path):
        must_not_be_own(workspace.root, root, f"datastore {datastore}")
    return root


def _shown(address: str) -> str:
    from bep.runner.transfer.addresses import hidden

    return hidden(address)


def _tidy(path: str) -> str:
    """A path without empty steps. Raises `Refused` for one that leads out."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    try:
        return "/".join(parts_of("/".join(steps)))
    except NotBeneath:
        raise Refused(f"{path!r} leads out of the datastore: a path in it has no '..'") from None


def _file(root: Path, place: Place) -> Stored:
    folder, _, name = place.path.rpartition("/")
    try:
        found = [entry for entry in listed(root, folder) if entry.name == name and entry.kind == "file"]
    except NotBeneath:
        found = []
    if not found:
        raise _nothing(place)
    return found[0]


def _nothing(place: Place) -> NotFound:
    return NotFound(f"there is nothing at {place.path!r} in the datastore {place.datastore}")
