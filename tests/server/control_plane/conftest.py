"""A workspace with an object of every kind, applied once and served, and whoever asks for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, write
from tests.server.serving import Running, serving

EVERY_KIND = """\
---
kind: data
name: words
version: 1
type: uri_folder
path: texts
---
kind: data
name: words
version: 2
type: uri_folder
path: texts
tags: {season: autumn}
---
kind: datastore
name: shelf
type: local_folder
path: shelf
---
kind: datastore
name: elsewhere
type: azure_blob
account_name: someone
container_name: things
credentials: {account_key: "${{ env.SHELF_KEY }}"}
---
kind: environment
name: pinned
version: 3
image: python
conda_file: {name: pinned, channels: [conda-forge], dependencies: [python=3.11]}
tags: {by: hand}
---
kind: component
name: step
version: 1
type: command
command: echo done
environment: azureml:plain:1
---
name: green
endpoint_name: letters
type: model
model: azureml:alphabet:1
code_configuration: {code: code, scoring_script: score.py}
environment: azureml:plain:1
compute: azureml:cpu-cluster
settings:
  environment_variables: {PLAIN: seen, TOKEN: "${{ env.SCORE_TOKEN }}"}
"""
SCHEDULES = """\
---
kind: schedule
name: nightly
display_name: Every night
trigger: {type: cron, expression: "0 2 * * *", time_zone: UTC}
create_job: {endpoint: letters, inputs: {texts: {type: uri_folder, path: texts}}}
is_enabled: false
---
kind: schedule
name: weekly
trigger: {type: recurrence, frequency: week, interval: 2, schedule: {hours: 3, minutes: [0, 30], week_days: monday}}
create_job: {endpoint: letters, deployment: green, inputs: {texts: {type: uri_folder, path: texts}}}
is_enabled: false
"""
SECRETS = {"SHELF_KEY": "a-key-that-nobody-sees", "SCORE_TOKEN": "a-token-that-nobody-sees"}


@pytest.fixture(scope="session")
def every_kind_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applied; to be copied, not used."""
    folder = tmp_path_factory.mktemp("every-kind")
    write(folder, {**FILES, "specs.yml": FILES["specs.yml"] + EVERY_KIND, "shelf/one.txt": "1"})
    Workspace(folder, SECRETS).bep("apply", "-y")
    return folder


@pytest.fixture
def every_kind(every_kind_once: Path, tmp_path: Path) -> Workspace:
    """A workspace with an object of every kind."""
    shutil.copytree(every_kind_once, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, SECRETS)


@pytest.fixture
def served(every_kind: Workspace) -> Iterator[Running]:
    """The same, served."""
    with serving(every_kind) as found:
        yield found
