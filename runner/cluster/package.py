"""bep itself as a package that a Ray cluster unpacks: no wheel, so that nothing is installed and nothing is asked for.

The same bep is the same package, whoever makes it and when. Sends nothing.
"""

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import bep
from bep.disk.durable import replacing
from bep.disk.known_digests import forget_the_oldest, is_own, is_settled, key_of, user_cache
from bep.lazy_dataclasses import dataclass

ENDINGS: Final = (".py", ".json", ".yml", ".html", ".css", ".js", ".svg", ".typed")
"""What the files of bep's package end in."""
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say."""
_MOST: Final = 4  # packages that are kept: one for each bep of this user, and the last ones of who works on it


@dataclass(frozen=True, slots=True)
class Package:
    """An archive under the name that Ray knows it by."""

    name: str
    content: bytes

    @property
    def address(self) -> str:
        """What the environment of a job says to have it in its working folder."""
        return f"gcs://{self.name}"


def package() -> Package:
    """This bep, without tests and examples. The folder that it is unpacked into is one that Python imports from.

    It is kept in the user's cache, by the times and sizes of its files: what forbids that only costs time.
    """
    files = sorted(_files(Path(bep.__file__).parent, "bep"))
    began, cache = time.time_ns(), user_cache(os.environ)
    key = _key(files, began)
    if cache is None or not key:
        return _made(files)
    place = cache / "sent"
    if (known := _kept(place, key)) is not None:
        return known
    made = _made(files)
    if _key(files, began) == key:
        _keep(place, key, made)
    return made


def _made(files: Iterable[tuple[str, Path]]) -> Package:
    told = hashlib.sha256()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files:
            content = file.read_bytes()
            told.update(f"{name}\0{len(content)}\0".encode() + content)
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return Package(f"_ray_pkg_{told.hexdigest()[:16]}.zip", written.getvalue())


def _key(files: Iterable[tuple[str, Path]], began: int) -> str:
    """What these files are known by; empty where one was changed so lately that another change might not show."""
    told = hashlib.sha256()
    for name, file in files:
        status = file.stat()
        if not is_settled(status, began):
            return ""
        told.update(f"{name} {key_of(status)}\n".encode())
    return told.hexdigest()[:32]


def _kept(place: Path, key: str) -> Package | None:
    """The package that was made of them, whole; None where there is none."""
    for file in place.glob(f"{key}-*.zip"):
        _, name, digest = file.stem.split("-")
        with suppress(OSError):
            content = file.read_bytes()
            if is_own(file.stat()) and hashlib.sha256(content).hexdigest()[:32] == digest:
                return Package(f"_ray_pkg_{name}.zip", content)
    return None


def _keep(place: Path, key: str, made: Package) -> None:
    name, digest = made.name.removeprefix("_ray_pkg_").removesuffix(".zip"), hashlib.sha256(made.content).hexdigest()
    with suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(place / f"{key}-{name}-{digest[:32]}.zip", mode=0o600) as stream:
            stream.write(made.content)
        forget_the_oldest(place, ".zip", _MOST)


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files of a package and of those in it, each with its name in the archive; a linked folder is one of them."""
    with os.scandir(folder) as entries:
        for entry in entries:
            inner = f"{name}/{entry.name}"
            if entry.name.endswith(ENDINGS):
                yield inner, Path(entry.path)
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(Path(entry.path), inner)
