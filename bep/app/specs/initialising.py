"""A workspace begun: a small one that scores, or a bep.yml for YAML files that are there. Prints nothing."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.app.workspace.opening import Opened, Source
from bep.app.workspace.overlay import Overlay
from bep.disk.durable import create_durably
from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.finding import errors
from bep.schemas.workspace.workspace import FILE

if TYPE_CHECKING:
    from bep.schemas.findings.finding import Finding

COMPUTES = "computes.yml"
"""The file that declares computes which the files name and none of them declares."""

_PASSED_OVER = frozenset({"node_modules", "__pycache__", "venv", "env"})
_MISSING_COMPUTE = re.compile(r"there is no (compute/[\w-]+)")
_MISSING = re.compile(r"there is no ((?:model|data|environment|component)/[\w.-]+)")
_DANGLING = "unresolved-reference"
_ROUNDS = 20  # each takes out a file at least; what refers to it falls out in the next
_MOST = 500  # files that are looked at

BEGUN: Mapping[str, str] = {
    FILE: """\
# A workspace: what is declared here is what `bep apply` makes. Try, in this order:
#   bep validate
#   bep plan
#   bep apply
#   bep run job.yml
workspace: NAME
provider: {local: {}}          # this machine; what it keeps is in .bep
specs:                         # files, or patterns such as endpoints/*.yml
  - compute.yml
  - endpoint.yml
  - deployment.yml
variables:                     # in any file as ${{ var.instances }}; --var instances=2 gives another value
  instances: {type: integer, default: 1, description: nodes for scoring}
""",
    "compute.yml": """\
# Here, a bound on worker processes: as many instances as max_instances, each with its workers.
kind: compute
name: cpu-cluster
type: amlcompute
max_instances: 2
""",
    "endpoint.yml": """\
kind: endpoint
name: my-endpoint
auth_mode: aad_token
defaults:
  deployment_name: blue        # which deployment has the traffic
""",
    "deployment.yml": """\
kind: deployment
name: blue
endpoint_name: my-endpoint
type: model
model: {name: my-model, version: "1", path: ./model}       # a new version, when its files change
code_configuration: {code: ./code, scoring_script: score.py}
environment: {name: plain, version: "1", image: python}    # conda_file: ./conda.yml asks for packages
compute: azureml:cpu-cluster
resources: {instance_count: "${{ var.instances }}"}
settings:
  mini_batch_size: 2           # files that one call of run() gets
  output_action: append_row
  retry_settings: {max_retries: 1, timeout: 30}
""",
    "job.yml": """\
# What `bep run job.yml` scores. Its output is in `bep job show`.
kind: job
endpoint: my-endpoint
inputs:
  texts: {type: uri_folder, path: ./data}
""",
    "code/score.py": '''\
"""Counts words: init() is called once in each worker, run() with the files of each mini-batch."""

import os


def init():
    global known
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "words.txt")) as stream:
        known = stream.read().split()


def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as stream:
            text = stream.read().split()
        rows.append("{} {}".format(os.path.basename(path), sum(text.count(word) for word in known)))
    return rows
''',
    "model/words.txt": "plan\napply\n",
    "data/one.txt": "plan, apply, plan\nplan apply run\n",
    "data/two.txt": "nothing of it\n",
    "data/three.txt": "apply\n",
}
"""The files of a workspace that validates, plans, applies and scores as it is."""


@dataclass(frozen=True)
class Begun:
    """What was written, what bep.yml lists, and what was left out, by file, with why."""

    written: tuple[str, ...]
    listed: tuple[str, ...]
    left_out: Mapping[str, str]


def begin(root: Path) -> Begun:
    """Write a small workspace. Raises `Refused` where one of its files is there already; nothing is written then."""
    _must_be_free(root, BEGUN)
    for name, text in BEGUN.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        create_durably(root / name, text.replace("NAME", _name(root), 1).encode(), mode=0o666)
    return Begun(tuple(BEGUN), ("compute.yml", "endpoint.yml", "deployment.yml"), {})


def begin_from(root: Path, folder: Path) -> Begun:
    """Write a bep.yml for the YAML files in a folder. Raises `Refused` where there is one, or nothing to list."""
    _must_be_free(root, (FILE,))
    files = [os.path.relpath(path, root) for path in _yaml_files(folder)]
    listed, left_out, computes = _fitting(root, files)
    left_out = _with_scripts(folder, left_out)
    if not listed:
        told = "".join(f"\n  {name}: {why}" for name, why in left_out.items())
        raise Refused(f"{folder}: there is no file here that bep can take{told}")
    texts = {}
    if computes:
        texts[_free(root)] = _computes(computes)
    texts[FILE] = _bep_yml(_name(root), [*texts, *listed])
    for name, text in texts.items():
        create_durably(root / name, text.encode(), mode=0o666)
    return Begun(tuple(texts), tuple(listed), left_out)


def _must_be_free(root: Path, names: Sequence[str] | Mapping[str, str]) -> None:
    taken = [name for name in names if os.path.lexists(root / name)]
    if taken:
        raise Refused(f"{', '.join(taken)}: there already, and never overwritten; nothing was written")


def _name(root: Path) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", root.resolve().name.lower()).strip("-")[:30].strip("-") or "workspace"


def _yaml_files(folder: Path) -> Iterator[Path]:
    """Every YAML file below a folder, sorted, without what is hidden and what packages brought along."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _PASSED_OVER)
        found += [Path(place, name) for name in names if name.endswith((".yml", ".yaml")) and name != FILE]
    if len(found) > _MOST:
        raise Refused(f"{folder} has {len(found)} YAML files, and up to {_MOST} are looked at: name a folder below it")
    yield from sorted(found)


def _fitting(root: Path, files: Sequence[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """The files that are right together, why each other one is left out, and the computes that they lack.

    What is wrong by itself goes first; then what refers to what is not there.
    """
    left, out, computes = list(files), dict[str, str](), set[str]()
    for _ in range(_ROUNDS):
        found = _errors(root, left, sorted(computes))
        wanted = {match[1] for one in found if (match := _MISSING_COMPUTE.search(one.message))} - computes
        computes |= wanted
        wrong = [one for one in found if one.code != _DANGLING] or ([] if wanted else list(found))
        if not wrong and not wanted:
            break
        for one in wrong:
            if one.mark is not None:
                out.setdefault(one.mark.file, one.message)
        elsewhere = [(one, one.mark.file) for one in wrong if one.mark is not None and one.mark.file not in left]
        for one, file in elsewhere:  # in a file that one of these names: who names it goes
            out.update(dict.fromkeys(_naming(root, left, out, one), f"it needs {file}: {one.message}"))
        left = [name for name in left if name not in out]
        if not left:
            break
    texts = [(root / name).read_text(errors="replace") for name in left]
    needed = [one for one in computes if any(one.removeprefix("compute/") in text for text in texts)]
    return left, out, sorted(needed)


def _naming(root: Path, files: Sequence[str], out: Collection[str], finding: "Finding") -> list[str]:
    """The files that name the one which a finding points into, by its path as seen from them, or name one that does."""
    named = {finding.mark.file} if finding.mark is not None else set()
    texts = {name: (root / name).read_text(errors="replace") for name in {*files, *out} if (root / name).is_file()}
    grown = -1
    while len(named) > grown:
        grown = len(named)
        named |= {
            name
            for name, text in texts.items()
            if any(os.path.relpath(other, os.path.dirname(name) or ".") in text for other in named)  # noqa: PTH120
        }
    return [name for name in files if name in named]


def _with_scripts(folder: Path, left_out: Mapping[str, str]) -> dict[str, str]:
    """Why each file is left out; where it is for want of what a script registers, which script that is."""
    missing = {match[1] for why in left_out.values() for match in _MISSING.finditer(why)}
    if not missing:
        return dict(left_out)
    from bep.app.specs.registering_scripts import registering

    found = registering(folder, missing)

    def told(why: str) -> str:
        match = _MISSING.search(why)
        script = found.get(match[1]) if match is not None else None
        if match is None or script is None:
            return why
        kind, name = match[1].split("/")
        path = script.path if script.path and "$" not in script.path else "PATH"
        return (
            f"{why}; {script.script} registers it, and scripts are not read:"
            f" declare it, 'kind: {kind}', 'name: {name}', 'version: 1', 'path: {path}'"
        )

    return {file: told(why) for file, why in left_out.items()}


def _errors(root: Path, files: Sequence[str], computes: Sequence[str]) -> "list[Finding]":
    texts = {FILE: _bep_yml("tried", [*([COMPUTES] if computes else []), *files]).encode()}
    if computes:
        texts[COMPUTES] = _computes(computes).encode()
    tried = Opened(root, Source())
    tried.files = Overlay(root, texts)
    return list(errors(tried.loaded.findings))


def _computes(addresses: Sequence[str]) -> str:
    """Documents that declare computes which exist in a cloud and have no file here."""
    named = (address.removeprefix("compute/") for address in addresses)
    documents = [f"kind: compute\nname: {name}\ntype: amlcompute\nmax_instances: 2\n" for name in named]
    return "# Named by the specs and declared by none: here, a bound on worker processes.\n" + "---\n".join(documents)


def _free(root: Path) -> str:
    return next(name for name in (COMPUTES, "bep-computes.yml", "bep-computes-2.yml") if not (root / name).exists())


def _bep_yml(name: str, files: Sequence[str]) -> str:
    import yaml

    listed = yaml.safe_dump({"specs": list(files)}, allow_unicode=True, sort_keys=False)
    return f"workspace: {name}\nprovider: {{local: {{}}}}   # this machine; what it keeps is in .bep\n{listed}"
