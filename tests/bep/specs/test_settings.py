"""A setting that the runner knows can be set wherever settings are, and arrives: its one declaration is the schema."""

import json
import os
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bep.app.jobs.requests.changed_settings import changed_settings
from bep.commands.jobs.continuing import retry
from bep.runner.request import Settings
from bep.schemas.kinds.published import schema_of
from bep.schemas.kinds.settings import Setting, declared, set_by, settings_of
from tests.bep.conftest import Workspace

INTERNAL = {"sync_seconds"}  # nobody is asked for it
OF_THE_OUTPUT = {"output_format"}  # outputs.NAME.format
OF_THE_DEPLOYMENT = {"partition_keys", "output_action"}  # what a job may not change
OF_THE_TARGET = {"environment_variables"}  # what scores has them

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

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in declared() if setting.of_runner}
OVERRIDES: Mapping[str, Setting] = {each.name: each for each in set_by("job").values() if each.of_runner}


def placed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return dict(value)


def test_the_runner_and_the_schemas_name_the_same_settings() -> None:
    of_the_runner = Settings.model_fields.keys() - INTERNAL - OF_THE_OUTPUT
    assert SETTINGS.keys() == of_the_runner == VALUES.keys()
    assert OVERRIDES.keys() == of_the_runner - OF_THE_DEPLOYMENT
    assert {setting.name for setting in declared()} == SETTINGS.keys() | OF_THE_TARGET


def test_the_published_schema_of_a_job_is_what_follows_from_its_deployments() -> None:
    """`UPDATE_GOLDEN=1` writes it."""
    file = resources.files("bep.schemas").joinpath("job.schema.json")
    made = json.dumps(schema_of("job"), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        Path(str(file)).write_text(made)
    assert file.read_text() == made


def test_what_is_set_by_whom() -> None:
    """What rows depend on is not set by a retry; what a job may not say is in none of its places."""
    keys = {"retry_settings.timeout", "init_timeout", "worker_memory", "worker_cpus", "error_threshold", "bisect"}
    assert set_by("retry").keys() == keys
    known = schema_of("job")["properties"]
    for name in OF_THE_DEPLOYMENT:
        assert name not in known
        assert name not in known["settings"]["properties"]


def test_what_a_deployment_says_arrives() -> None:
    for name, setting in SETTINGS.items():
        found = settings_of(placed(setting.path, VALUES[name]))
        assert found == {name: VALUES[name]}
        assert getattr(Settings.model_validate(found), name) != Settings.model_fields[name].default


def test_what_a_job_and_a_flag_say_arrives(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    flags = [word for name, each in OVERRIDES.items() for word in ("--set", f"{each.key}={_text(name)}")]
    plain = (workspace.folder / "job.yml").read_text()
    today = {name: each.path for name, each in OVERRIDES.items()}
    older = {name: (*each.older, each.path)[0] for name, each in OVERRIDES.items()}
    for arguments, origin, places in (([], "job file", today), ([], "job file", older), (flags, "flag", older)):
        written: dict[str, Any] = {}
        for name, path in places.items():
            _merge(written, placed(path, VALUES[name]))
        lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in written.items())
        (workspace.folder / "job.yml").write_text(plain + lines)
        found = json.loads(workspace.bep("run", "job.yml", "--dry-run", "--json", *arguments).stdout)["settings"]
        assert {name: found[name]["value"] for name in OVERRIDES} == {name: VALUES[name] for name in OVERRIDES}
        assert {found[name]["from"] for name in OVERRIDES} == {origin}
        assert not INTERNAL & found.keys()


def _text(name: str) -> str:
    return json.dumps(VALUES[name]).replace('"', "")


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value


def test_what_a_retry_may_change_is_a_setting_and_in_its_help() -> None:
    said = retry.__annotations__["set_"].__metadata__[0].said["help"]()
    for key, setting in set_by("retry").items():
        name = setting.name
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
