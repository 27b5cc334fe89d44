"""The places that a state can be kept in, by the word of bep.yml. The one module that names any; imported on use."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.providers.state.place import Place
from bep.providers.state.store import Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a place may need to know: the workspace's folder, that of what is bep's in it, the process's variables."""

    root: Path
    home: Path
    environment: Mapping[str, str]


def _file(said: Any, around: Surroundings) -> Place:
    from bep.providers.state.file_place import FilePlace

    return FilePlace(around.root / str(said))


def _azure_blob(said: Any, around: Surroundings) -> Place:
    from bep.providers.state.azure_blob.place import BlobPlace, BlobSettings

    return BlobPlace(BlobSettings(**said), home=around.home, environment=around.environment)


PLACES: Final[Mapping[str, Callable[[Any, Surroundings], Place]]] = {"file": _file, "azure_blob": _azure_blob}
"""How each is opened, from what bep.yml says of it. A new one is a module and a line here."""


def open_store(said: Mapping[str, Any], around: Surroundings, *, clock: Callable[[], str]) -> Store:
    """The store that `state: {WORD: ...}` asks for. Opening it reads and makes nothing. Raises `KeyError`."""
    ((word, settings),) = said.items()
    return Store(PLACES[word](settings, around), clock=clock)
