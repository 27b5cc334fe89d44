"""bep as a package for a cluster: always the same, whole, and importable where it is unpacked."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

import bep
from bep.runner.cluster import package as module
from bep.runner.cluster.package import ENDINGS, package


def test_the_same_bep_is_the_same_package() -> None:
    first, second = package(), package()
    assert first == second
    assert first.address == f"gcs://{first.name}"


def test_it_has_all_of_bep_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(package().content)).namelist()
    assert names == sorted(set(names))
    assert all(name.startswith("bep/") and "__pycache__" not in name for name in names)
    root = Path(bep.__file__).parent
    for folder in ("", "planner", "providers/azure", "runner/worker/results", "schemas/kinds", "server/studio/assets"):
        there = {f"bep/{folder}/{file.name}".replace("//", "/") for file in (root / folder).iterdir() if file.is_file()}
        assert there <= set(names), {name for name in there if not name.endswith(ENDINGS)}


def test_python_imports_it_where_it_is_unpacked(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(package().content)).extractall(tmp_path)
    asked = "import bep, bep.runner.engine, bep.schemas.kinds.kind as k; print(bep.__file__, len(k.kind_names()))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "bep/__init__.py"), "10"]


def test_it_is_made_once_and_what_is_damaged_or_another_s_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "bep"
    own.mkdir()
    code = own / "__init__.py"
    code.write_text("1\n")
    made, make = [], module._made

    def counted(files: Iterable[tuple[str, Path]]) -> module.Package:
        made.append(make(files))
        return made[-1]

    monkeypatch.setattr(module, "_made", counted)
    monkeypatch.setattr(bep, "__file__", str(code))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = package()
    assert not list(tmp_path.rglob("*.zip")), "another change of it in the same moment would not show"
    monkeypatch.setattr("bep.disk.known_digests.SETTLED", -(10**12))
    assert [package(), package()] == [first, first]
    assert len(made) == 2
    (kept,) = tmp_path.rglob("*.zip")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert package() == first
    assert len(made) == 3
    kept.chmod(0o666)
    assert package() == first
    assert len(made) == 4, "anybody could have written it"
    code.write_text("2\n")
    os.utime(code, ns=(0, 0))
    assert package() != first
    for number in range(9):
        code.write_text(str(number))
        package()
    assert len(list(tmp_path.rglob("*.zip"))) == 4
