"""Which scripts in a folder register what its YAML only names, as those of az ml do. Reads them; runs none."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

_SHELL = (".sh", ".bash", ".ps1", ".azcli", ".yml", ".yaml")
_PYTHON = (".py", ".ipynb")
_LONGEST = 1 << 20
_CREATE = lazy_pattern(r"az\s+ml\s+(model|environment|data|component)\s+create\b(?P<rest>(?:[^\n\\]|\\\n)*)")
_NAME = lazy_pattern(r"-{1,2}n(?:ame)?[\s=]+[\"']?(?P<name>[^\s\"']+)")
_PATH = lazy_pattern(r"-{2}path[\s=]+[\"']?(?P<path>[^\s\"']+)")
_IN_PYTHON = lazy_pattern(r"\.create_or_update\(|register_model\(|Model\.register\(|registered_model_name")


@dataclass(frozen=True)
class Registering:
    """A script that registers something, and the path that it is registered from, if it says that."""

    script: str
    path: str = ""


def registering(folder: Path, names: Collection[str]) -> dict[str, Registering]:
    """By address without a version (`model/digits`), the first script that registers it."""
    found: dict[str, Registering] = {}
    for file in _scripts(folder):
        try:
            text = file.read_bytes()[:_LONGEST].decode(errors="replace")
        except OSError:
            continue
        shown = Path(os.path.relpath(file, folder)).as_posix()
        if file.suffix in _PYTHON:
            registers = _IN_PYTHON.search(text) is not None
            for address in names:
                if registers and re.search(rf"[\"']{re.escape(address.partition('/')[2])}[\\\\]?[\"']", text):
                    found.setdefault(address, Registering(shown))
        else:
            for kind, name, path in _created(text):
                if f"{kind}/{name}" in names:
                    found.setdefault(f"{kind}/{name}", Registering(shown, path))
    return found


def _scripts(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        yield from (Path(place, name) for name in sorted(names) if name.endswith((*_SHELL, *_PYTHON)))


def _created(text: str) -> Iterator[tuple[str, str, str]]:
    """Kind, name and path of each `az ml KIND create` in a script, its own variables put in."""
    variables = dict(re.findall(r"^\s*(?:export\s+|\$)?(\w+)\s*=\s*[\"']?([^\s\"'$]+)[\"']?\s*$", text, re.MULTILINE))
    for found in _CREATE.finditer(text):
        name, path = _NAME.search(found["rest"]), _PATH.search(found["rest"])
        if name is not None:
            yield found[1], _put_in(name["name"], variables), _put_in(path["path"], variables) if path else ""


def _put_in(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(found[1], found[0]), text)
