"""Builds the environments of old and new MLflows: `python -m tests.services.mlflow_environments`.

One for each Python of `places.PACKAGES` that this machine has. One that is complete stays as it is.
"""

import subprocess
import sys

from tests.services.places import PACKAGES, PIPS, ROOT, interpreter, mlflow_python


def build(version: str, base: str) -> None:
    """Make one anew, unless its list of packages is today's. Raises `CalledProcessError`, pip's words on stderr."""
    python = mlflow_python(version)
    folder = python.parent.parent
    made = folder / "made"
    if made.exists() and made.read_text() == " ".join(PACKAGES[version]):
        return
    subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, PIPS.get(version, "pip")], check=True)
    subprocess.run([*pip, *PACKAGES[version]], check=True)
    made.write_text(" ".join(PACKAGES[version]))


def main() -> int:
    """Build them all, one after the other; say which Pythons are not here."""
    ROOT.mkdir(exist_ok=True)
    for version in PACKAGES:
        base = interpreter(version)
        if base is None:
            print(f"no Python {version} here: its MLflow is not tried", file=sys.stderr)
        else:
            build(version, base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
