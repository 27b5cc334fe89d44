"""Builds virtual environments that tests run programs in. One that is complete stays as it is."""

import subprocess
from pathlib import Path


def build(python: Path, base: str, packages: tuple[str, ...], pip: str = "pip") -> None:
    """Make the environment of `python` anew with the interpreter `base`, unless its list of packages is this one.

    Raises `CalledProcessError`, pip's words on stderr.
    """
    folder = python.parent.parent
    made = folder / "made"
    if made.exists() and made.read_text() == " ".join(packages):
        return
    subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, pip], check=True)
    subprocess.run([*install, *packages], check=True)
    made.write_text(" ".join(packages))
