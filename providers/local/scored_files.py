"""What a deployment scores with, as files: the user's own folders, or what a job gets copies of. Starts nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from bep.disk.copying import Original, digest
from bep.disk.listing import listing
from bep.planner.observed import Observed
from bep.planner.state import ContentRecord
from bep.providers.local.content import SMALL
from bep.providers.local.datastores import locate
from bep.providers.local.provider import LocalProvider
from bep.providers.protocol import ProviderError
from bep.schemas.content import Unfit

Place = Path | Mapping[str, Original]
"""The user's own folder, or the stored files by their relative names."""


def model_files(provider: LocalProvider, address: str, model: Observed) -> Place:
    """What contains the model's own folder or file. Raises `ProviderError` for bytes that were lost."""
    found = _found(provider, model.attributes.get("path"), model.contents.get("path"))
    if isinstance(found, Path):
        return found.parent
    name, record = found
    if list(record.files) == [name]:
        return provider.contents.originals(address, record)
    return provider.contents.originals(address, record, inside=_folder_name(name))


def code_files(provider: LocalProvider, address: str, deployment: Observed) -> Place | None:
    """The folder of the scoring script; None for a deployment without one. Raises as `model_files` does."""
    code = deployment.attributes.get("code_configuration", {}).get("code")
    if code is None:
        return None
    found = _found(provider, code, deployment.contents.get("code_configuration.code"))
    return found if isinstance(found, Path) else provider.contents.originals(address, found[1])


def model_with_digests(provider: LocalProvider, address: str, model: Observed) -> Mapping[str, Original]:
    """As `model_files`; of the user's own folder or file the files that travel, read for their digests."""
    found = _found(provider, model.attributes.get("path"), model.contents.get("path"))
    if not isinstance(found, Path):
        files = model_files(provider, address, model)
        assert isinstance(files, Mapping)  # what is stored is named file by file
        return files
    inside = f"{_folder_name(found.name)}/" if found.is_dir() else ""
    return {f"{inside}{name}": one for name, one in _travelling(address, found).items()}


def code_with_digests(provider: LocalProvider, address: str, deployment: Observed) -> Mapping[str, Original] | None:
    """As `code_files`; of the user's own folder the files that travel, read for their digests."""
    found = code_files(provider, address, deployment)
    return _travelling(address, found) if isinstance(found, Path) else found


def _travelling(address: str, place: Path) -> dict[str, Original]:
    try:
        return {name: Original(file, digest(file)) for name, file in listing(place).files.items()}
    except Unfit as unfit:
        raise ProviderError(address, "read", str(unfit), code="UserError") from None


@contextmanager
def model_looked_at(provider: LocalProvider, address: str, model: Observed) -> Iterator[Path]:
    """The model's own folder; of what is stored the small files alone: what describes it, not what it weighs."""
    found = _found(provider, model.attributes.get("path"), model.contents.get("path"))
    if isinstance(found, Path):
        yield found
        return
    name, record = found
    with TemporaryDirectory(prefix="bep-model-") as temporary:
        folder = Path(temporary, _folder_name(name))
        provider.contents.lay_out(address, record, folder, most=SMALL)
        yield folder / name if list(record.files) == [name] else folder


def _folder_name(name: str) -> str:
    return name if name not in ("", ".", "..") else "model"


def _found(provider: LocalProvider, path: Any, record: ContentRecord | None) -> Path | tuple[str, ContentRecord]:
    """Where a path of a spec is, or its last name and what is stored of it. Raises `ProviderError`."""
    written = str(path["local"] if isinstance(path, Mapping) else path)
    if record is None:
        place = locate(provider, str(path))
        if isinstance(place, Path):
            if not place.exists():
                message = f"there is no {place}: put there what a job is to score with"
                raise ProviderError(str(path), "locate", message, code="UserError")
            return place
        written, record = place.file, place.record
    return PurePath(written).name, record
