"""bep itself as a package that a Ray cluster unpacks: no wheel, so that nothing is installed and nothing is asked for.

The same bep is the same package, whoever makes it and when. Sends nothing.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import bep
from bep.lazy_dataclasses import dataclass

ENDINGS: Final = (".py", ".json", ".yml", ".html", ".css", ".js", ".svg", ".typed")
"""What the files of bep's package end in."""
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say."""


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
    """This bep, without tests and examples. The folder that it is unpacked into is one that Python imports from."""
    files = sorted(_files(Path(bep.__file__).parent, "bep"))
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


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files of a package and of those in it, each with its name in the archive; a linked folder is one of them."""
    for entry in folder.iterdir():
        inner = f"{name}/{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _files(entry, inner)
        elif entry.name.endswith(ENDINGS):
            yield inner, entry
