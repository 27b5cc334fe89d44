"""Promise 6: a secret never reaches state, plan, log, comment or terminal. Two canaries, searched for everywhere."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bep.conftest import FILES, Workspace

CANARIES = ("canary-of-the-storage-account-31415926", "canary-of-the-scoring-script-27182818")

SPECS = (
    FILES["specs.yml"].replace(
        "settings: {mini_batch_size: 2}",
        "settings:\n  mini_batch_size: 2\n  environment_variables: {TOKEN: '${{ env.TOKEN }}', PLAIN: visible}",
    )
    + f"""---
name: images
type: azure_blob
account_name: account
container_name: container
credentials: {{account_key: {CANARIES[0]}}}
"""
)

SCRIPT = """\
import os

def init():
    assert os.environ["PLAIN"] == "visible"

def run(mini_batch):
    return [f"{os.path.basename(path)} {len(os.environ['TOKEN'])}" for path in mini_batch]
"""


def test_two_planted_secrets_are_found_nowhere(make_workspace: Callable[[Mapping[str, str]], Workspace]) -> None:
    workspace = make_workspace({**FILES, "specs.yml": SPECS, "code/score.py": SCRIPT})
    said = []
    for arguments in (
        ("validate",),
        ("plan", "-o", "plan.json"),
        ("plan", "--json"),
        ("plan", "--markdown"),
        ("apply", "plan.json"),
        ("show", "datastore/images"),
        ("show", "blue"),
        ("state", "show", "datastore/images"),
        ("run", "job.yml", "--name", "first"),
        ("job", "show", "first"),
        ("plan",),
    ):
        done = workspace.bep(*arguments, TOKEN=CANARIES[1])
        said.append(done.stdout + done.stderr)
    rotated = workspace.bep("plan", TOKEN=CANARIES[1] + "-rotated")
    assert "(sensitive)" in rotated.stdout
    said.append(rotated.stdout + rotated.stderr)

    rows = workspace.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/first/score/predictions.csv"
    assert rows.read_text().splitlines()[0] == f"a.txt {len(CANARIES[1])}"
    for canary in CANARIES:
        assert not [text for text in said if canary in text]
        assert _holding(workspace.folder, canary) == [name for name in ["specs.yml"] if canary in SPECS]


def _holding(folder: Path, canary: str) -> list[str]:
    return [
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and canary.encode() in file.read_bytes()
    ]
