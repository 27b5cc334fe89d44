"""A workspace of bep's whose world is the double, and the real command line in it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.azure.double.double import Double
from tests.azure.double.tokens import ARM, ML, token
from tests.bep.conftest import surroundings, write
from tests.forking.commands import run

BEP_YML = """\
workspace: letters
provider: {{azure: {{subscription_id: {0.subscription_id}, resource_group: {0.resource_group},
  workspace_name: {0.workspace_name}, base_url: "{0.base_url}"}}}}
specs: [specs.yml]
"""
COMPONENTS = """\
kind: component
name: step
version: 1
type: command
display_name: A step
inputs: {data: {type: uri_folder}}
command: python x.py ${{inputs.data}}
code: azureml:code:1
environment: azureml:env:1
---
kind: component
name: line
version: 1
type: pipeline
inputs: {data: {type: uri_folder}}
jobs: {one: {type: command, component: "azureml:step:1", inputs: {data: "${{parent.inputs.data}}"}}}
---
"""
"""A command and the pipeline that runs it, for a file that has environment env and code code."""
SPECS = (
    """\
{kind: compute, name: cpu, type: amlcompute, size: Standard_DS3_v2, location: East US 2, max_instances: 2,
 tags: {team: a}}
---
{kind: datastore, name: store, type: azure_blob, account_name: account, container_name: box,
 credentials: {account_key: "${{ env.STORE_KEY }}"}}
---
{kind: data, name: d, version: 1, path: azureml://datastores/store/paths/d, tags: {a: b}}
---
kind: environment
name: env
version: 1
image: i
conda_file: {channels: [c], dependencies: ["python=3.10", pip: [x]]}
---
{kind: model, name: m, version: 1, type: mlflow_model, path: azureml://datastores/workspaceblobstore/paths/m}
---
{kind: endpoint, name: letters, auth_mode: aad_token, description: of letters, properties: {p1: v1},
 defaults: {deployment_name: blue}}
---
{kind: deployment, name: blue, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 settings: {retry_settings: {timeout: 120}, environment_variables: {A: b, S: "${{ env.S }}"}}}
---
{kind: deployment, name: green, endpoint_name: letters, model: azureml:m:1, compute: azureml:cpu,
 environment: azureml:env:1, settings: {mini_batch_size: 5}}
---
"""
    + COMPONENTS
    + """\
{kind: deployment, name: pipe, endpoint_name: letters, type: pipeline, component: azureml:line:1,
 settings: {default_compute: cpu, continue_on_step_failure: false}}
"""
)
THREE_HUNDRED = "\n---\n".join(
    [
        "{kind: datastore, name: s, type: azure_blob, account_name: a, container_name: box}",
        *(f"{{kind: model, name: m{n % 5}, version: {n}, path: azureml://datastores/s/paths/{n}}}" for n in range(200)),
        *(f"{{kind: compute, name: cluster-n{n}x, type: amlcompute}}" for n in range(60)),
        *(f"{{kind: endpoint, name: endpoint-n{n}x}}" for n in range(40)),
    ]
)
"""301 resources in eight collections."""
EVERYTHING = {
    "component/line/1",
    "component/step/1",
    "compute/cpu",
    "data/d/1",
    "datastore/store",
    "deployment/letters/blue",
    "deployment/letters/green",
    "deployment/letters/pipe",
    "endpoint/letters",
    "environment/env/1",
    "model/m/1",
    "traffic/letters",
}
SECRETS = {"STORE_KEY": "a2V5IG9mIHRoZSBzdG9yZQ==", "S": "hushed-value"}
ROOT = Path(__file__).parents[2]


class Workspace:
    """A folder with specs for a double."""

    def __init__(self, folder: Path, azure: Double, specs: str = SPECS) -> None:
        self.folder, self.azure = folder, azure
        write(folder, {"bep.yml": BEP_YML.format(azure), "specs.yml": specs})
        self.token = token(ARM, ML, expires_in=86400)

    @property
    def environment(self) -> dict[str, str]:
        """What the command has: the secrets of the specs, who asks, and little patience."""
        given = {"BEP_AZURE_ACCESS_TOKEN": self.token, "BEP_AZURE_POLLING_INTERVAL": "0.01"}
        return {**surroundings(), **SECRETS, **given}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, begun."""
        return subprocess.Popen(
            [sys.executable, "-c", "from bep.cli import main; main()", *arguments],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def bep(self, *arguments: str, expect: int = 0) -> str:
        """What the command says, on both streams."""
        done = run(arguments, self.folder, self.environment)
        said = done.stdout + done.stderr
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{said}"
        return said

    def edit(self, old: str, new: str) -> None:
        """Exchange a part of the specs."""
        file = self.folder / "specs.yml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def is_settled(self) -> bool:
        """Whether a plan has nothing to do."""
        return self.bep("plan", "--detailed-exitcode").startswith("Nothing to do.")

    def written(self) -> str:
        """Every byte that bep keeps, as text."""
        files = [Path(top) / name for top, _, names in os.walk(self.folder / ".bep") for name in names]
        return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)
