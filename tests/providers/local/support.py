"""Resources and contents for tests of the local world, made from real files."""

import hashlib
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from bep.providers.local.provider import LocalProvider
from bep.schemas.address import Address
from bep.schemas.content import digest_of_files
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Resource

KEY = "key-of-this-test"


def provider(root: Path, **more: Any) -> LocalProvider:
    seconds = count()
    return LocalProvider(root, secret_key=KEY, clock=lambda: f"2026-01-01T00:00:{next(seconds):02}Z", **more)


def content(path: Path) -> Content:
    found = (
        {path.name: path}
        if path.is_file()
        else {f.relative_to(path).as_posix(): f for f in path.rglob("*") if f.is_file()}
    )
    files = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in found.items()}
    return Content(local=path.name, sha256=digest_of_files(files), files=files, source=str(path))


def wanted(address: str, attributes: Mapping[str, Any], contents: Mapping[str, Content] | None = None) -> Resource:
    return Resource(Address(address), attributes, Mark("spec.yml", 1, 1), contents=contents or {})


def put(
    world: LocalProvider, address: str, attributes: Mapping[str, Any], contents: Mapping[str, Content] | None = None
) -> None:
    world.create(wanted(address, attributes, contents), operation=f"make {address}")


def model(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return folder
