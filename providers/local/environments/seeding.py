"""Pip for a new virtual environment, unpacked from the wheels that came with its Python. Knows no recipe and no index.

`python -m venv` runs pip out of a zip file to install itself and compiles all of it: several seconds of a processor,
more than the packages of many an environment take. A wheel of plain Python is installed once it is unpacked.
"""

import json
import shlex
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bep.providers.local.environments.interpreters import PROBE_SECONDS, Interpreter

_ASK: Final = (
    "import ensurepip, json, os;"
    " asked = [('pip', ensurepip.version()), ('setuptools', getattr(ensurepip, '_SETUPTOOLS_VERSION', None))];"
    " folder = os.path.join(os.path.dirname(ensurepip.__file__), '_bundled');"
    " print(json.dumps([[os.path.join(folder, file) for file in os.listdir(folder)"
    " if file.startswith('%s-%s-' % (name, version)) and file.endswith('-none-any.whl')]"
    " for name, version in asked if version]))"
)
"""For each package that ensurepip of this Python installs, its wheels, by path."""

_SCRIPT: Final = """\
#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import runpy

runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""For the shell and for Python: a path to an interpreter may be longer, or have more spaces, than a `#!` line takes."""


def bundled(interpreter: Interpreter) -> tuple[Path, ...]:
    """The wheels that ensurepip would install into an environment of this Python, one for each package.

    Empty where that cannot be told for certain: a system's own Python keeps them elsewhere, or has none.
    """
    try:
        answer = subprocess.run(
            [interpreter.path, "-I", "-c", _ASK], capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    certain = all(len(wheels) == 1 and zipfile.is_zipfile(wheels[0]) for wheels in found)
    return tuple(Path(wheels[0]) for wheels in found) if certain else ()


def unpack(wheels: Sequence[Path], environment: Path, version: str) -> None:
    """Install the wheels into an environment of this Python, with pip under its usual names. Raises `OSError`."""
    release = ".".join(version.split(".")[:2])
    site = environment / "lib" / f"python{release}" / "site-packages"
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    names = ("pip", "pip3", f"pip{release}")
    for name in names:
        script = environment / "bin" / name
        script.write_text(_SCRIPT.format(python=shlex.quote(str(environment / "bin" / "python"))))
        script.chmod(0o755)
    (record,) = site.glob("pip-*.dist-info/RECORD")  # what pip takes away when another one replaces it
    with record.open("a") as listed:
        listed.writelines(f"../../../bin/{name},,\n" for name in names)
