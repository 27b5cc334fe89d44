"""A setting that the runner knows can be set wherever settings are, and arrives: no list of them is short of one."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import pytest

from bep.app.jobs.changed_settings import CHANGEABLE, changed_settings
from bep.commands.jobs.continuing import retry
from bep.providers.local.scoring import settings_of
from bep.runner.request import Settings
from bep.schemas.job.overrides import OVERRIDES
from tests.bep.conftest import Workspace

INTERNAL = {"sync_seconds"}  # nobody is asked for it
OF_THE_OUTPUT = {"output_format"}  # outputs.NAME.format
OF_THE_DEPLOYMENT = {"partition_keys", "output_action"}  # what a job may not change
OF_THE_SERVICE = {"instance_type", "max_instance_count", "locations", "docker_args", "shm_size"}
NO_SETTINGS = {"environment_variables", *OF_THE_SERVICE}  # the first is part of the runner's target

# A value that is no default, for each.
VALUES: Mapping[str, Any] = {
    "mini_batch_size": 7,
    "partition_keys": ["country"],
    "instance_count": 2,
    "max_concurrency_per_instance": 3,
    "max_retries": 5,
    "timeout": 77,
    "init_timeout": 1234,
    "error_threshold": 9,
    "output_action": "summary_only",
    "output_file_name": "mine.csv",
    "logging_level": "debug",
    "bisect": False,
    "worker_memory": "2GB",
    "worker_cpus": 1,
}

Path = tuple[str, ...]


def schema(name: str) -> dict[str, Any]:
    folder = resources.files("bep.schemas")
    text = (folder / "kinds" / name if name.startswith("deployment") else folder / name).read_text()
    return dict(json.loads(text))


def leaves(properties: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    """Where a value can stand below these properties, for a schema that is here and not elsewhere."""
    for name, node in properties.items():
        below = node.get("properties")
        if below:
            yield from leaves(below, (*at, name))
        else:
            yield (*at, name)


def places(name: str) -> dict[str, Path]:
    """Where each setting stands in a deployment or a job, by the runner's name for it."""
    whole = schema(name)["properties"]
    found = list(leaves({part: whole[part] for part in ("settings", "resources")}))
    if name == "job.schema.json":  # it refers to the deployment's
        found = [deeper for path in found for deeper in _followed(path)]
    return {path[-1]: path for path in found if path[-1] not in NO_SETTINGS}


def _followed(path: Path) -> list[Path]:
    node = schema("deployment.schema.json")
    for step in path:
        node = node["properties"].get(step, {})
    return [(*path, below) for below in node.get("properties", {})] or [path]


def placed(path: Path, value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return dict(value)


def test_the_runner_and_the_schemas_name_the_same_settings() -> None:
    of_the_runner = Settings.model_fields.keys() - INTERNAL - OF_THE_OUTPUT
    assert places("deployment.schema.json").keys() == of_the_runner
    assert places("job.schema.json").keys() == of_the_runner - OF_THE_DEPLOYMENT
    assert {key.rpartition(".")[2] for key in OVERRIDES} - NO_SETTINGS == of_the_runner - OF_THE_DEPLOYMENT
    assert VALUES.keys() == of_the_runner


def test_what_a_deployment_says_arrives() -> None:
    for name, path in places("deployment.schema.json").items():
        found = settings_of(placed(path, VALUES[name]))
        assert found == {name: VALUES[name]}
        assert getattr(Settings.model_validate(found), name) != Settings.model_fields[name].default


def test_what_a_job_and_a_flag_say_arrives(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    keys = {key.rpartition(".")[2]: key for key in OVERRIDES if key not in NO_SETTINGS}
    written: dict[str, Any] = {}
    for name in keys:
        _merge(written, placed(places("job.schema.json")[name], VALUES[name]))
    flags = [word for name, key in keys.items() for word in ("--set", f"{key}={_text(name)}")]
    plain = (workspace.folder / "job.yml").read_text()
    (workspace.folder / "job.yml").write_text(
        plain + "".join(f"{name}: {json.dumps(value)}\n" for name, value in written.items())
    )
    for arguments, origin in (([], "job file"), (flags, "flag")):
        found = json.loads(workspace.bep("run", "job.yml", "--dry-run", "--json", *arguments).stdout)["settings"]
        assert {name: found[name]["value"] for name in keys} == {name: VALUES[name] for name in keys}
        assert {found[name]["from"] for name in keys} == {origin}
        assert not INTERNAL & found.keys()
        (workspace.folder / "job.yml").write_text(plain)


def _text(name: str) -> str:
    return json.dumps(VALUES[name]).replace('"', "")


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value


def test_what_a_retry_may_change_is_a_setting_and_in_its_help() -> None:
    said = retry.__annotations__["set_"].__metadata__[0].help
    for key in CHANGEABLE:
        name = key.rpartition(".")[2]
        assert changed_settings([f"{key}={_text(name)}"]) == {name: VALUES[name]}
        assert re.search(rf"\b{re.escape(key)}\b", said)


def test_a_model_that_loads_slowly_has_the_time_that_it_is_given(workspace: Workspace) -> None:
    (workspace.folder / "code/score.py").write_text("import time\ndef init(): time.sleep(4)\ndef run(b): return b\n")
    workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, init_timeout: 1}")
    workspace.bep("apply", "--auto-approve")
    failed = workspace.bep("run", "job.yml", "--name", "slow", "-c", "1", expect=1).stdout
    assert "InitTimeout: init() did not return within 1 seconds" in failed
    assert "next: bep job retry slow --set init_timeout=2 " in failed
    done = workspace.bep("job", "retry", "slow", "--set", "init_timeout=100").stdout
    assert "job slow Completed: 5 scored" in done


@pytest.mark.parametrize(
    ("setting", "message"), [("init_timeout: 0", "at least 1"), ("bisect: maybe", "true or false")]
)
def test_a_wrong_value_is_a_finding(workspace: Workspace, setting: str, message: str) -> None:
    workspace.edit("specs.yml", "{mini_batch_size: 2}", f"{{mini_batch_size: 2, {setting}}}")
    assert message in workspace.bep("validate", expect=3).stdout
