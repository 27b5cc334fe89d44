"""Where `make services` has put what the tests find there, and which Pythons this machine has."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2] / ".services"
AZURITE: Final = ROOT / "node_modules" / ".bin" / "azurite-blob"
LANGUAGE_SERVER: Final = ROOT / "node_modules" / ".bin" / "yaml-language-server"
PACKAGES: Final = {
    "3.6": ("mlflow-skinny==1.23.1", "pandas==1.1.5", "scipy==1.5.4"),
    "3.7": ("mlflow-skinny==1.30.1", "pandas==1.3.5"),
    "3.8": ("mlflow-skinny==2.17.2", "pandas==2.0.3"),
    "3.9": ("mlflow-skinny==3.1.4", "pandas==2.2.3"),
    "3.13": ("mlflow-skinny==3.17.2", "pandas==3.1.1"),
}
"""The last MLflow for old Pythons and a late one, each with the last pandas of its time; see `test_mlflow_versions`."""

PIPS: Final = {"3.6": "pip==21.3.1", "3.7": "pip==24.0"}
"""What old Pythons come with picks releases which it then cannot install."""

RAY_PYTHON: Final = "3.11"
RAY_PACKAGES: Final = ("ray[default]==2.60.0",)
"""What the nodes of a cluster run; with `default` come the Jobs API, and pydantic, which bep's runner needs."""
RAY_DATA_PACKAGES: Final = ("ray[default,data]==2.60.0",)
"""The same with Ray Data and what it needs, for benchmarks: `python -m tests.benchmarks.cluster --set-up`."""


def interpreter(version: str) -> str | None:
    """One of pyenv's, or the `python3.x` on PATH that runs: a shim of an absent version is there and does not."""
    places = [str(place) for place in sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))]
    for place in (*places, shutil.which(f"python{version}")):
        if place and subprocess.run([place, "-c", "pass"], check=False, capture_output=True).returncode == 0:
            return place
    return None


def mlflow_python(version: str) -> Path:
    """The interpreter of the environment that has MLflow for this Python, whether or not it was made."""
    return ROOT / f"mlflow-{version}" / "bin" / "python"


def ray_python() -> Path:
    """The interpreter of the environment that has Ray, whether or not it was made."""
    return ROOT / "ray-2.60" / "bin" / "python"


def ray_data_python() -> Path:
    """The interpreter of the environment that has Ray Data, whether or not it was made."""
    return ROOT / "ray-data-2.60" / "bin" / "python"
