"""The package map in pyproject.toml, the links in bep/ and the folders on disk say the same."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS: dict[str, str] = SETUPTOOLS["package-dir"]


def test_every_package_on_disk_ships() -> None:
    on_disk = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts])
        for package, folder in FOLDERS.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(on_disk) == sorted(SETUPTOOLS["packages"])


@pytest.mark.parametrize("package", [name for name in FOLDERS if name != "bep"])
def test_link_shows_the_same_folder(package: str) -> None:
    link = ROOT / package.replace(".", "/")
    if not link.is_symlink():
        pytest.skip("checked out without links: installing still works, static tools do not")
    assert link.resolve() == ROOT / FOLDERS[package]


def test_every_json_file_of_the_rooms_ships() -> None:
    data: dict[str, list[str]] = SETUPTOOLS["package-data"]
    for package, folder in FOLDERS.items():
        if package == "bep":
            continue
        shipped = {file for pattern in data.get(package, []) for file in (ROOT / folder).glob(pattern)}
        missing = sorted(file.relative_to(ROOT) for file in set((ROOT / folder).rglob("*.json")) - shipped)
        assert missing == []
