"""What hands type that know Terraform or az ml: refused with the whole command that does it here, nothing else done."""

import shlex

import pytest

from bep.cli import options_of
from bep.command_line.habits.correcting import correction
from bep.command_line.reading import values_of
from tests.bep.command_line.test_command_line import module
from tests.bep.conftest import Workspace

LINES = {
    # Terraform
    "plan -out=tfplan": "plan --out tfplan",
    "plan -out tfplan": "plan --out tfplan",
    "plan -destroy -target=endpoint/e": "plan --destroy --target endpoint/e",
    "plan -var instances=4 -var-file=x.yml -detailed-exitcode": (
        "plan --var instances=4 --var-file x.yml --detailed-exitcode"
    ),
    "plan -json -input=false -compact-warnings": "plan --json",
    "plan -refresh-only": "plan --refresh-only",
    "plan -refresh=false -lock-timeout=10s": "plan --no-refresh --lock-timeout 10",
    "plan -replace=model/m/1": "plan --replace model/m/1",
    "apply -auto-approve": "apply --auto-approve",
    "apply -auto-approve tfplan -parallelism=3": "apply --auto-approve tfplan --parallelism 3",
    "apply -destroy -auto-approve": "destroy --auto-approve",
    "destroy -auto-approve": "destroy --auto-approve",
    "-chdir=sub plan": "--chdir sub plan",
    "taint model/m/1": "apply --replace model/m/1",
    "untaint model/m/1": "plan",
    "refresh": "apply --refresh-only",
    "workspace list": "stage list",
    "workspace select staging": "--stage staging plan",
    "force-unlock -force 123": "unlock 123",
    "terraform plan": "plan",
    "show -json": "show --json",
    "output -raw nodes": "output -o tsv nodes",
    "state list -state=x": "state list",
    "run -endpoint letters -input=texts": "run --endpoint letters --input texts",
    # az ml of 2021 and of today
    "endpoint create --type batch --file e.yml": "apply",
    "batch-endpoint create -f e.yml -g rg -w ws": "apply",
    "batch-endpoint update --name e --set defaults.deployment_name=green": "apply",
    "endpoint update -n e --type batch --traffic blue:100": "apply",
    "ml batch-endpoint show -n e --query traffic": "show endpoint/e --query traffic",
    "batch-deployment show -n blue -e letters": "show deployment/letters/blue",
    "model show -n m -v 1": "show model/m/1",
    "batch-endpoint delete -n e --yes": "destroy --target endpoint/e",
    "batch-endpoint list-jobs -n e": "job list --endpoint e",
    "compute create -f compute.yml": "apply",
    "job create -f job.yml": "run job.yml",
    "batch-endpoint invoke --name letters --input texts --query name -o tsv": (
        "run --endpoint letters --input texts --query name -o tsv"
    ),
    "endpoint invoke -n letters --type batch --input-path https://h/x": "run --endpoint letters --input https://h/x",
    "batch-endpoint invoke --file job.yml": "run job.yml",
    "run --input-data azureml:mnist:1 -e letters": "run --input azureml:mnist:1 -e letters",
    "run -e letters --input-datastore d --input-path p/q": (
        "run -e letters --input azureml://datastores/d/paths/p/q"
    ),
    "run -e letters --input-local-path texts": "run -e letters --input texts",
    "run -e letters -i texts --output-datastore azureml:d --output-path p": (
        "run -e letters -i texts --output-path azureml://datastores/d/paths/p"
    ),
    "run --file job.yml --stream": "run job.yml",
    "run -f job.yml": "run job.yml",
    "run --endpoint-name e --deployment-name d --job-name j --inputs x": (
        "run --endpoint e --deployment d --name j --input x"
    ),
    "schedule create -f s.yml -g rg": "apply",
    "az ml schedule show -n nightly": "show schedule/nightly",
    "schedule trigger --name nightly": "schedule run nightly",
    "schedule disable -n nightly": "apply",
    "schedule delete -n nightly": "destroy --target schedule/nightly",
    "job stream -n nightly": "job stream nightly",
    "job show --name nightly": "job show nightly",
    "job download --name nightly --download-path out": "job download nightly --path out",
    "apply --yes": "apply --auto-approve",
    "destroy --yes": "destroy --auto-approve",
    "apply --file e.yml": "apply e.yml",
    "validate -f e.yml": "validate e.yml",
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_habit_is_told_as_a_whole_command_that_bep_takes(line: str) -> None:
    found = correction(shlex.split(line), options_of, has_workspace=True)
    assert found is not None
    assert shlex.join(found.command) == LINES[line]
    words = [*found.command]
    while words[0] in ("--chdir", "--stage"):
        words = words[2:]
    commands = module(words.pop(0))
    function = commands.functions[words.pop(0) if commands.is_group else next(iter(commands.functions))]
    if words != ["--json"] and "--lock-timeout" not in words:  # other spellings are tried by test_formats
        assert values_of(function, words) is not None


@pytest.mark.parametrize(
    "line",
    [
        "plan", "plan --out x", "plan -o x", "plan -ox", "run -e letters -i texts", "run -m5 -n out", "state list",
        "plan -- -out=x", "job list -n 5", "run --output-path out", "nonsense", "job nonsense", "apply -y",
        "plan --nope", "run job.yml --set a=-out", "--help", "job delete x --yes",
    ],
)  # fmt: skip
def test_what_is_beps_own_is_left_alone(line: str) -> None:
    assert correction(shlex.split(line), options_of, has_workspace=False) is None


@pytest.mark.parametrize("line", ["plan -out=tfplan", "apply -auto-approve", "apply -destroy -auto-approve", "refresh"])
def test_nothing_else_happens(workspace: Workspace, line: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")}
    said = workspace.bep(*shlex.split(line), expect=1)
    assert f"Did you mean `bep {LINES[line]}`?" in said.stderr
    assert said.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "-o", "json"), "`bep plan --json` prints that; a file of this name is ./json"),
        (("plan", "--out=yaml"), "'yaml' is a format"),
        (("plan", "-o", "ut=x"), "fix: --out x"),
        (("import", "endpoint/letters", "-o", "json"), "`bep import --json`"),
    ],
)
def test_a_file_is_not_called_as_a_format_is(workspace: Workspace, words: tuple[str, ...], told: str) -> None:
    assert told in workspace.bep(*words, expect=1).stderr
    assert not (workspace.folder / ".bep").exists()
    assert not (workspace.folder / "json").exists()
