"""bep as a package for a cluster: always the same, whole, and importable where it is unpacked."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import bep
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
