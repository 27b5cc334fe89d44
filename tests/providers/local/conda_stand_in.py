"""A program that stands in for micromamba, mamba or conda, where none can be had: it takes the exact command lines
that those document, refuses every other, and makes a real prefix with a real Python in it.
"""

import sys
from pathlib import Path
from textwrap import dedent

_PROGRAM = f"""\
#!{sys.executable}
import os, subprocess, sys, time
from pathlib import Path
import yaml

name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
expected = ["create", "--yes"] if name == "micromamba" else ["env", "create", "--quiet"]
if arguments[:-4] != expected or arguments[-4::2] != ["--prefix", "--file"]:
    sys.exit(f"{{name}}: error: unrecognized arguments: {{arguments}}")
prefix, file = Path(arguments[-3]), Path(arguments[-1])
assert prefix.is_absolute(), prefix
assert not prefix.exists(), "Non-conda folder exists at prefix - aborting."
assert file.name == "environment.yml", file
active = ("CONDA_PREFIX", "CONDA_PREFIX_1", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "VIRTUAL_ENV", "PYTHONPATH")
assert not [variable for variable in active if variable in os.environ], "another environment is active"
assert os.environ["CONDA_ALWAYS_YES"] == os.environ["MAMBA_ALWAYS_YES"] == "true"
assert os.environ.get("CONDA_PKGS_DIRS") == "/the/users/own", "a setting of the user's is gone"
asked = yaml.safe_load(file.read_text())
assert set(asked) == {{"channels", "dependencies"}}, asked
assert all(type(package) is str for package in asked["dependencies"]), asked
for package in asked["dependencies"]:
    if package.startswith("no-such"):
        print("Collecting package metadata (repodata.json): ...working... done")
        print("PackagesNotFoundError: The following packages are not available from current channels:")
        sys.exit(f"  - {{package}}")
assert [package for package in asked["dependencies"] if package.split("=")[0] == "python"], asked
pip = [] if "pip" in asked["dependencies"] else ["--without-pip"]
subprocess.run([{str(Path(sys.executable).resolve())!r}, "-m", "venv", *pip, str(prefix)], check=True)
print("Executing transaction: ...working...", flush=True)
gate = os.environ.get("STAND_IN_WAITS_WHILE_THERE_IS")
until = time.monotonic() + 60
while gate and Path(gate).exists() and time.monotonic() < until:
    time.sleep(0.01)
(prefix / "conda-meta").mkdir()
(prefix / "conda-meta/history").write_text(yaml.safe_dump({{"by": name, **asked}}))
scripts = prefix / "etc/conda/activate.d"
scripts.mkdir(parents=True)
(scripts / "words.sh").write_text('echo talk; export WORDS_DATA="$CONDA_PREFIX/share/words"\\n')
(prefix / "bin/count-words").write_text('#!/bin/sh\\necho "$WORDS_DATA"\\n')
(prefix / "bin/count-words").chmod(0o755)
"""


def stand_in(folder: Path, *names: str) -> Path:
    """Put the program into a folder under these names; the folder, for PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(dedent(_PROGRAM))
        (folder / name).chmod(0o755)
    return folder
