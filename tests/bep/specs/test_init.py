"""`bep init`: from an empty folder, and from a folder of YAML of every sort, to a plan at the first go."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bep.conftest import FILES, Workspace

MIXED = {
    "endpoint.yml": "name: letters\nauth_mode: aad_token\n",
    "blue/deployment.yml": (
        "name: blue\nendpoint_name: letters\ntype: model\nmodel: {name: m, version: 1, path: model}\n"
        "code_configuration: {code: code, scoring_script: score.py}\n"
        "environment: {name: plain, version: 1, image: python}\ncompute: azureml:far-cluster\n"
    ),
    "blue/model/m.txt": "abc",
    "blue/code/score.py": FILES["code/score.py"],
    "conda.yml": "name: x\nchannels: [conda-forge]\ndependencies: [python=3.11]\n",
    "online.yml": "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\nname: on\n",
    "again.yml": "name: letters\nauth_mode: aad_token\ndescription: once more\n",
    "orphan.yml": "name: red\nendpoint_name: nowhere\ntype: model\nmodel: azureml:m:1\ncompute: azureml:far-cluster\n",
    "broken.yml": "name: [\n",
    ".hidden/x.yml": "name: y\n",
}


def test_a_new_workspace_goes_from_plan_to_score_at_the_first_go(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    workspace = make_workspace({})
    assert "bep init" in workspace.bep("plan", expect=3).stderr
    workspace.bep("init")
    assert "6 resources." in workspace.bep("validate").stdout
    workspace.bep("fmt", "--check")
    workspace.bep("apply", "-y")
    done = workspace.bep("run", "job.yml", "--query", "outputs.score.file", "-o", "tsv")
    rows = Path(done.stdout.strip()).read_text().splitlines()
    assert rows == ["one.txt 3", "three.txt 1", "two.txt 0"]
    assert "there already" in workspace.bep("init", expect=1).stderr


def test_a_folder_of_yaml_becomes_a_workspace_and_what_is_left_out_is_told(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    workspace = make_workspace(MIXED)
    told = json.loads(workspace.bep("init", "--from", ".", "--json").stdout)
    assert told["written"] == ["computes.yml", "bep.yml"]
    assert "blue/deployment.yml" in told["listed"]
    assert set(told["left_out"]) >= {"conda.yml", "online.yml", "broken.yml", "orphan.yml"}
    assert len({"again.yml", "endpoint.yml"} & set(told["left_out"])) == 1
    workspace.bep("plan")
    workspace.bep("apply", "-y")
    assert {"deployment/letters/blue", "compute/far-cluster"} <= workspace.entries()
    assert "bep.yml: there already" in workspace.bep("init", "--from", ".", expect=1).stderr


def test_a_folder_without_any_is_refused(make_workspace: Callable[[Mapping[str, str]], Workspace]) -> None:
    workspace = make_workspace({"conda.yml": MIXED["conda.yml"]})
    said = workspace.bep("init", "--from", ".", expect=1).stderr
    assert "there is no file here that bep can take" in said
    assert "conda.yml: " in said
    assert not (workspace.folder / "bep.yml").exists()


def test_a_script_that_registers_what_is_missing_is_named(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    orphan = MIXED["orphan.yml"].replace("endpoint_name: nowhere", "endpoint_name: letters")
    files = {"endpoint.yml": MIXED["endpoint.yml"]}
    for model, script, text in (
        (
            "shell",
            "deploy.sh",
            'MODEL_NAME="shell"\naz ml model create --name $MODEL_NAME \\\n   --path "models/one"\n',
        ),
        ("plain", "all.sh", "az ml model create -n plain --path $SOMEWHERE\n"),
        ("python", "register.py", 'client.models.create_or_update(Model(name="python", path="m"))\n'),
        ("nobody", "other.sh", "az ml model show -n nobody\n"),
    ):
        files |= {f"{model}.yml": orphan.replace("m:1", f"{model}:1").replace("red", model), script: text}
    workspace = make_workspace(files)
    told = json.loads(workspace.bep("init", "--from", ".", "--json").stdout)["left_out"]
    assert "deploy.sh registers it" in told["shell.yml"]
    assert "'name: shell', 'version: 1', 'path: models/one'" in told["shell.yml"]
    assert "all.sh registers it" in told["plain.yml"]
    assert "'path: PATH'" in told["plain.yml"]
    assert "register.py registers it" in told["python.yml"]
    assert "registers it" not in told["nobody.yml"]


STEP = "name: step\ntype: command\ncode: src\nenvironment: {image: python}\ncommand: python step.py\n"
STEPS = "name: NAME\nversion: 1\ntype: pipeline\njobs:\n  one:\n    type: command\n    component: STEP\n"


def test_what_names_a_broken_file_is_left_out_with_it(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    deployment = "name: NAME\nendpoint_name: letters\ntype: pipeline\ncomponent: pipeline.yml\n"
    files = {"endpoint.yml": MIXED["endpoint.yml"]}
    for name, step in (("first", "step.yml"), ("second", "step.yml"), ("broken", "broken.yml")):
        files |= {
            f"{name}/deployment.yml": deployment.replace("NAME", name),
            f"{name}/pipeline.yml": STEPS.replace("NAME", name).replace("STEP", step),
            f"{name}/{step}": STEP if step == "step.yml" else STEP + "strange: 1\n",
            f"{name}/src/step.py": "print('step')\n",
        }
    workspace = make_workspace(files)
    told = json.loads(workspace.bep("init", "--from", ".", "--json").stdout)
    assert {"first/deployment.yml", "second/deployment.yml"} <= set(told["listed"])
    assert {"broken/deployment.yml", "broken/pipeline.yml", "broken/broken.yml"} <= set(told["left_out"])
    workspace.bep("apply", "-y")
    assert sum(address.startswith("component/step/") for address in workspace.entries()) == 1


def test_what_needs_a_file_that_is_broken_says_which(make_workspace: Callable[[Mapping[str, str]], Workspace]) -> None:
    environment = "$schema: x/environment.schema.json\nname: e\nversion: 1\nconda_file: deps/broken.txt\nimage: i\n"
    slipped = "dependencies:\n- pip:\n    - a\n   - b\n"
    workspace = make_workspace({"env.yml": environment, "deps/broken.txt": slipped, "e.yml": MIXED["endpoint.yml"]})
    told = json.loads(workspace.bep("init", "--from", ".", "--json").stdout)["left_out"]
    assert told["env.yml"].startswith("it needs deps/broken.txt: this is not YAML: the indentation of this line")
