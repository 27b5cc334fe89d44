"""A secret in every field of every document: searched for in all that is printed and all that is written."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from bep.cli import run
from bep.schemas.kinds.published import followed, schema_of
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.recognising import names_secret
from tests.bep.conftest import FILES, Workspace, write
from tests.fuzz.documents import BASES, CONDA, CONDA_FIELDS, FREE, changed, fields, file_of, files

CANARY = "canary7canary"
SHAPE = f"https://me:{CANARY}@host/x?sig={CANARY}"
KINDS = (*BASES, "conda")
PLANS = (["validate"], ["plan"], ["plan", "--json"], ["plan", "--markdown"], ["plan", "-o", "kept.plan"])
WHOLE = (
    *PLANS, ["show", "kept.plan"], ["apply", "-y"], ["show"], ["state", "pull"], ["state", "list"], ["graph"], ["plan"],
    ["plan", "--json", "--destroy"],
)  # fmt: skip
SHORT = (["validate"], ["plan", "-o", "kept.plan"], ["show", "kept.plan"], ["apply", "-y"])
MAY_STAND = ("inputs", "outputs")
"""Fields of a job whose addresses may have their secrets."""


class Place:
    """A workspace in the current folder, and the commands in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def bep(self, *arguments: str) -> tuple[int, str]:
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = run(list(arguments))
        return int(code), said.getvalue()

    def holding(self, *but: str) -> list[str]:
        found = (file for file in self.folder.rglob("*") if file.is_file())
        names = [f.relative_to(self.folder).as_posix() for f in found if CANARY.encode() in f.read_bytes()]
        return [name for name in names if name not in but]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def planted(kind: str) -> Iterator[FieldPath]:
    """Every field of a kind. What stands in every document alike is gone through in one of them."""
    for path in CONDA_FIELDS if kind == "conda" else fields(kind):
        if not ((path[0] == "deployments" and len(path) > 2) or (path[0] == "x-bep" and kind != "compute")):
            yield path


def is_sensitive(kind: str, path: FieldPath) -> bool:
    """Whether the schema says of a field that it always holds a secret."""
    node: Any = schema_of(kind) if kind != "conda" else {}
    name = kind
    for step in path:
        node, name = followed(node, name)
        node = node.get("properties", {}).get(step, {}) if isinstance(node, Mapping) else {}
    return isinstance(node, Mapping) and bool(followed(node, name)[0].get("x-bep-sensitive"))


def document(kind: str, path: FieldPath, value: object) -> str:
    return json.dumps(changed(CONDA if kind == "conda" else BASES[kind], path, value))


@pytest.mark.parametrize("kind", KINDS)
def test_what_certainly_is_one_is_refused_in_every_field_and_never_quoted(kind: str, place: Place) -> None:
    commands = cycle([["run", "job.yml", "--dry-run"]] if kind == "job" else PLANS)
    for path, command in zip(planted(kind), commands, strict=False):
        (place.folder / file_of(kind)).write_text(document(kind, path, SHAPE))
        code, said = place.bep(*command)
        assert CANARY not in said, (path, command)
        assert place.holding(file_of(kind)) == [], path
        if is_sensitive(kind, path):
            assert "is a secret that is written in clear" in said or command[:1] != ["validate"], path
        else:
            assert code == 3 or path[0] in MAY_STAND, (path, said)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_under_a_secrets_name_is_kept_and_shown_nowhere(kind: str, place: Place) -> None:
    tried = 0
    for path in planted(kind):
        named = (*path[:-1], "api_token") if path[-1] in (FREE, "A") else path
        if not (names_secret(named[-1]) or is_sensitive(kind, path)):
            continue
        shutil.rmtree(place.folder / ".bep", ignore_errors=True)
        (place.folder / file_of(kind)).write_text(document(kind, named, CANARY))
        commands = (["run", "job.yml", "--dry-run"],) if kind == "job" else SHORT if tried else WHOLE
        tried += 1
        answers = [place.bep(*command) for command in commands]
        assert not [said for _, said in answers if CANARY in said], named
        assert place.holding(file_of(kind)) == [], named
        assert answers[0][0] or " secret that is written in " in answers[0][1], (named, answers[0][1])
    assert tried


ACCESS = f"ghp_{CANARY}canary7canary7canary77"
MLFLOW = {
    "flow/MLmodel": "flavors:\n  python_function: {loader_module: mlflow.sklearn, env: conda.yaml}\nsignature: null\n",
    "flow/conda.yaml": "dependencies: [python=3.11, {pip: [idna]}]\n",
    "flow.json": json.dumps({"kind": "model", "name": "flow", "path": "flow"}),
    "flowing.json": json.dumps(
        {"name": "flowing", "endpoint_name": "letters", "model": "azureml:flow@latest", "compute": "local"}
    ),
}
REQUIREMENTS = {"environment.json": json.dumps({**BASES["environment"], "conda_file": None, "requirements": "r.txt"})}


def listing(line: str) -> str:
    return json.dumps({"dependencies": ["python=3.11", {"pip": [line]}]})


REFUSED = {
    "conda: an index": {"conda.yml": listing(f"--index-url {SHAPE}")},
    "conda: a direct address": {"conda.yml": listing(f"idna @ {SHAPE}")},
    "conda: a channel": {"conda.yml": json.dumps({"channels": [SHAPE], "dependencies": ["python=3.11"]})},
    "conda: a variable": {"conda.yml": json.dumps({"variables": {"API_TOKEN": CANARY}})},
    "pip: an index": {**REQUIREMENTS, "r.txt": f"--index-url {SHAPE}\nidna\n"},
    "pip: a file of a file": {**REQUIREMENTS, "r.txt": "-r more.txt\n", "more.txt": f"--extra-index-url {SHAPE}\n"},
    "pip: what it cannot read": {**REQUIREMENTS, "r.txt": f"!! {SHAPE}\n"},
    "pip: a path": {**REQUIREMENTS, "r.txt": f"./{ACCESS}.whl\n"},
    "MLflow: conda": {**MLFLOW, "flow/conda.yaml": listing(f"--index-url {SHAPE}")},
    "MLflow: pip": {**MLFLOW, "flow/requirements.txt": f"--index-url {SHAPE}\n"},
    "MLflow: Python": {**MLFLOW, "flow/python_env.yaml": f"dependencies: ['--index-url {SHAPE}']\n"},
    "MLflow: MLmodel": {**MLFLOW, "flow/MLmodel": f"flavors: {{python_function: {{loader_module: {ACCESS}}}}}\n"},
    "a file's name": {f"model/{ACCESS}": "x"},
}
LINKS = {
    "model/link": ACCESS,
    "code/link": f"../{ACCESS}",
    "texts/link": f"/nowhere/{ACCESS}/x",
    "model/address": SHAPE,
    "model/outside": "../r.txt",
}
ASKED = (["validate"], ["plan", "-o", "kept.plan"], ["apply", "-y"], ["run", "job.yml", "--dry-run"], ["env", "list"])


@pytest.mark.parametrize("what", [*REFUSED, *LINKS])
def test_what_the_files_of_an_asset_have_is_refused_and_kept_and_shown_nowhere(what: str, place: Place) -> None:
    laid = REFUSED.get(what, {})
    for name, text in laid.items():
        (place.folder / name).parent.mkdir(exist_ok=True)
        (place.folder / name).write_text(text)
    if what in LINKS:
        (place.folder / what).symlink_to(LINKS[what])
    answers = [place.bep(*command) for command in ASKED]
    assert [code for code, _ in answers[:3]] == [3, 3, 3]
    assert not [said for _, said in answers if CANARY in said]
    assert place.holding(*laid) == []
    kept = (place.folder / ".bep").rglob("*")
    assert not [file for file in kept if CANARY in f"{file.name} {file.readlink() if file.is_symlink() else ''}"]


def test_a_models_file_may_be_said_to_have_none(place: Place) -> None:
    files = {**MLFLOW, "flow/MLmodel": f"flavors: {{python_function: {{loader_module: {ACCESS}}}}}\n"}
    excused = {"kind": "model", "name": "flow", "path": "flow", "x-bep": {"not_secret": ["path.MLmodel"]}}
    for name, text in {**files, "flow.json": json.dumps(excused)}.items():
        (place.folder / name).parent.mkdir(exist_ok=True)
        (place.folder / name).write_text(text)
    assert place.bep("validate")[0] == 0


def test_what_is_inside_a_deployment_may_be_said_to_be_none_by_it(place: Place) -> None:
    base = changed(BASES["deployment"], ("model", "tags"), {"api_token": CANARY})
    for field in ("model.tags.api_token", "tags.api_token"):
        (place.folder / "deployment.json").write_text(json.dumps({**base, "x-bep": {"not_secret": [field]}}))
        assert "secret" not in place.bep("validate")[1]
        assert CANARY in place.bep("plan")[1]


TOKEN, LITERAL, PASSWORD = "canary-of-the-shell", "canary-in-the-spec", "canary-of-the-job"
SPECS = FILES["specs.yml"].replace(
    "settings: {mini_batch_size: 2}",
    "settings:\n  mini_batch_size: 2\n  retry_settings: {max_retries: 0}\n"
    f"  environment_variables: {{TOKEN: '${{{{ env.TOKEN }}}}', API_TOKEN: {LITERAL}, PLAIN: shown}}",
)
SCRIPT = """\
import os, sys

def said():
    return " ".join(os.environ[name] for name in ("TOKEN", "API_TOKEN", "MY_PASSWORD", "PLAIN"))

def init():
    print("init", said())

def run(mini_batch):
    print("run", said())
    print("error", said(), file=sys.stderr)
    if any(path.endswith("c.txt") for path in mini_batch) and not os.path.exists(os.environ["MENDED"]):
        raise ValueError("no c: " + said())
    return [os.environ["TOKEN"] for _ in mini_batch]
"""


def test_what_a_script_says_of_its_secrets_is_masked_in_every_place_that_a_job_has(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "specs.yml": SPECS, "code/score.py": SCRIPT})
    workspace, mended = Workspace(tmp_path), tmp_path / "mended"
    job = ("--set", f"environment_variables.MY_PASSWORD={PASSWORD}", "--set", f"environment_variables.MENDED={mended}")
    given = ("--env", f"MY_PASSWORD={PASSWORD}", "--env", f"MENDED={mended}")
    said = []

    def bep(*arguments: str, expect: int = 0) -> str:
        done = workspace.bep(*arguments, expect=expect, TOKEN=TOKEN)
        said.append(done.stdout + done.stderr)
        return said[-1]

    bep("apply", "-y")
    bep("run", "job.yml", "--name", "first", *job)
    bep("run", "job.yml", "--name", "told", "--json", *job)
    bep("run", "job.yml", "--name", "stopped", "--set", "error_threshold=0", *job, expect=1)
    assert "ValueError: no c: (sensitive) (sensitive) (sensitive) shown" in bep(
        "run", "job.yml", "--sample", "5", *job, expect=1
    )
    for command in (["show"], ["show", "-o", "json"], ["report"], ["logs"], ["logs", "--raw"], ["stream"], ["list"]):
        bep("job", command[0], *(["first"] if command != ["list"] else []), *command[1:])
    assert "run (sensitive) (sensitive) (sensitive) shown" in bep("job", "logs", "first")
    mended.touch()
    bep("job", "resume", "stopped", *given, expect=1)
    bep("job", "retry", "first", *given)
    bep("job", "retry", "told", "--mended", *given)
    for canary in (TOKEN, LITERAL, PASSWORD):
        assert not [text for text in said if canary in text]
        found = [file for file in tmp_path.rglob("*") if file.is_file() and canary.encode() in file.read_bytes()]
        names = {file.name for file in found if file.suffix != ".rows"}  # predictions are results, also in their parts
        assert names == {TOKEN: {"predictions.csv"}, LITERAL: {"specs.yml"}, PASSWORD: set()}[canary], found
