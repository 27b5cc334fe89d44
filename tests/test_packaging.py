"""What ships: package map, links and folders say the same, and wheel and sdist are built, installed and tried."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from bep import __version__
from bep.distribution import NAME, install
from bep.runner.transfer.stores import EXTRA

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, SETUPTOOLS = PYPROJECT["project"], PYPROJECT["tool"]["setuptools"]
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


def test_every_message_that_says_install_names_what_is_ours() -> None:
    assert PROJECT["name"] == NAME
    assert EXTRA in PROJECT["optional-dependencies"]
    assert install("fsspec", "s3fs") == "pip install 'bep-batch[fsspec]' 's3fs'"
    said = re.compile(r"pip install (?!--|-e|\.)['\"]?(bep[\w-]*)")
    texts = {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}
    texts |= {file for folder in FOLDERS.values() for file in (ROOT / folder).rglob("*.py")}
    wrong = {str(file.relative_to(ROOT)) for file in texts if {*said.findall(file.read_text())} - {NAME}}
    assert wrong == set()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of what is here, and the wheel that is built from that sdist: as a registry would."""
    folder = tmp_path_factory.mktemp("built")
    clone = folder / "clone"
    left = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "site", "images", "fixtures")
    shutil.copytree(ROOT, clone, symlinks=True, ignore=left)
    _build("sdist", clone, folder)
    (archive,) = folder.glob("bep_batch-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    _build("wheel", folder / archive.name.removesuffix(".tar.gz"), folder)
    return folder


def _build(what: str, source: Path, into: Path) -> None:
    program = f"from setuptools.build_meta import build_{what} as build; build({str(into)!r})"
    done = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_and_sdist_have_the_packages_their_data_and_the_licence(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"bep_batch-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        (about,) = (opened.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    wanted = {
        f"{package.replace('.', '/')}/{file.relative_to(ROOT / folder)}"
        for package, folder in FOLDERS.items()
        for ending in ("*.py", "*.json", "explanations/*.yml", "py.typed", "*.html", "*.css", "*.js", "*.svg")
        for file in (ROOT / folder).rglob(ending)
        if package != "bep" or file.relative_to(ROOT).parts[1] not in {name.rpartition(".")[2] for name in FOLDERS}
    }
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {"Name: bep-batch", "License-Expression: Apache-2.0"} <= set(about.splitlines())
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "runner/worker/__main__.py"} <= inside


def test_the_wheel_is_installed_and_works(built: Path, tmp_path: Path) -> None:
    """In an environment of its own, which has its dependencies from this one and bep from nowhere else."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (site,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    (site / "dependencies.pth").write_text(f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n")
    (tmp_path / "bep.yml").write_text("workspace: small\nspecs: [compute.yml]\n")
    (tmp_path / "compute.yml").write_text("name: cpu-cluster\ntype: amlcompute\n")

    def said(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert said(str(python), "-c", "import bep.cli; print(bep.cli.__file__)").startswith(str(tmp_path))
    assert said("venv/bin/bep", "version") == f"bep {__version__}\n"
    assert "1 resource" in said("venv/bin/bep", "validate")
    assert "1 to create" in said("venv/bin/bep", "plan")
