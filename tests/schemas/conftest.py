"""A workspace on disk for the tests of this room, and the smallest `Files` that reads it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from bep.schemas.address import Address
from bep.schemas.content import digest_of_files
from bep.schemas.resource import Content
from bep.schemas.specs.loading import Loaded, load


class FolderFiles:
    """`Files` over a real folder, without ignore files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()

    def is_folder(self, path: str) -> bool:
        return (self.root / path).is_dir()

    def glob(self, pattern: str) -> Sequence[str]:
        return sorted(str(p.relative_to(self.root)) for p in self.root.glob(pattern) if p.is_file())

    def content(self, path: str) -> Content:
        whole = self.root / path
        found = {whole.name: whole} if whole.is_file() else self._below(whole)
        digests = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in found.items()}
        return Content(path, digest_of_files(digests), digests, str(whole.resolve()))

    def _below(self, folder: Path) -> Mapping[str, Path]:
        return {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}

    def names(self, folder: str) -> Sequence[str]:
        return sorted(p.name for p in (self.root / folder).iterdir())


class Workbench:
    """A folder to write specs in, and `load` with nothing given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = FolderFiles(root)

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def load(
        self,
        *paths: str,
        variables: Mapping[str, str] | None = None,
        variable_files: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        known: Callable[[str], Sequence[Address]] = lambda kind: (),
    ) -> Loaded:
        return load(
            self.files,
            paths=paths,
            variables=variables or {},
            variable_files=variable_files,
            environment=environment or {},
            known=known,
        )


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """An empty workspace folder."""
    return Workbench(tmp_path)


@pytest.fixture
def article(bench: Workbench) -> Workbench:
    """The folders that the 2021 article on batch endpoints uses: an MLflow model, and digits with a script."""
    bench.write("autolog_nyc_taxi/MLmodel", "flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
    bench.write("autolog_nyc_taxi/model.pkl", b"taxi")
    bench.write("mnist/models/weights.txt", "0.1 0.2\n")
    bench.write(
        "mnist/code/digit_identification.py", "def init():\n    pass\n\n\ndef run(mini_batch):\n    return mini_batch\n"
    )
    bench.write(
        "mnist/environment/conda.yml",
        "name: mnist-env\nchannels: [conda-forge]\ndependencies:\n"
        "  - python=3.7\n  - pip:\n    - tensorflow==1.15.2\n    - pillow\n",
    )
    bench.write("compute.yml", "name: cpu-cluster\ntype: amlcompute\nmin_instances: 0\nmax_instances: 5\n")
    return bench
