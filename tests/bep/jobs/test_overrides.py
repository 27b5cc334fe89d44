"""What a deployment is held to, a job is held to as well, on every way in: file, flags, --set, and a retry's --set."""

import json

import pytest

from tests.bep.conftest import Workspace


def add(workspace: Workspace, lines: str) -> None:
    """Write more in the job's file, from its fifth line on."""
    file = workspace.folder / "job.yml"
    file.write_text(f"{file.read_text()}{lines}\n")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("-c", "9"), ""),
        (("--set", "instance_count=9"), ""),
        ((), "instance_count: 9"),
        ((), "resources: {instance_count: 9}"),
        ((), "settings: {instance_count: 9}"),
    ],
)
def test_a_job_takes_no_more_instances_than_its_compute_has(
    applied: Workspace, given: tuple[str, ...], line: str
) -> None:
    add(applied, line)
    more = () if line else ("--dry-run",)
    said = applied.bep("run", "job.yml", *given, *more, expect=3).stderr
    assert "instance_count is 9, but compute/cpu-cluster has max_instances 2" in said
    assert ("job.yml:5" in said) == bool(line)
    assert not (applied.folder / ".bep/jobs").exists()


def test_a_job_takes_no_more_instances_than_its_deployment_allows(applied: Workspace) -> None:
    applied.edit("specs.yml", "resources: {instance_count: 2}", "resources: {instance_count: 2, max_instance_count: 1}")
    assert "has resources.max_instance_count 1" in applied.bep("validate", expect=3).stdout
    applied.edit("specs.yml", "instance_count: 2, max", "instance_count: 1, max")
    applied.bep("apply", "--auto-approve")
    said = applied.bep("run", "job.yml", "-c", "2", expect=3).stderr
    assert "but deployment/letters/blue has resources.max_instance_count 1" in said


def test_a_job_names_no_output_file_where_the_script_writes_its_own(applied: Workspace) -> None:
    applied.edit("specs.yml", "mini_batch_size: 2", "mini_batch_size: 2, output_action: summary_only")
    applied.bep("apply", "--auto-approve")
    for given in (("--output-file-name", "x.csv"), ("--set", "output_file_name=x.csv")):
        assert "no meaning with output_action summary_only" in applied.bep("run", "job.yml", *given, expect=3).stderr


@pytest.mark.parametrize(
    "lines",
    [
        "mini_batch_size: 1\nsettings: {mini_batch_size: 2}",
        "instance_count: 1\nresources: {instance_count: 2}",
        "environment_variables: {A: b}\nsettings: {environment_variables: {A: c}}",
        "retry_settings: {timeout: 5}\nsettings: {retry_settings: {timeout: 6}}",
    ],
)
def test_a_setting_is_written_once_in_a_job(applied: Workspace, lines: str) -> None:
    add(applied, lines)
    assert "already given in line 5" in applied.bep("run", "job.yml", "--dry-run", expect=3).stderr


def test_two_spellings_of_different_settings_are_put_together(applied: Workspace) -> None:
    add(
        applied,
        "retry_settings: {timeout: 5}\nenvironment_variables: {A: b}\n"
        "settings: {retry_settings: {max_retries: 6}, environment_variables: {C: d}}",
    )
    found = json.loads(applied.bep("run", "job.yml", "--dry-run", "--json").stdout)
    settings = found["settings"]
    assert (settings["timeout"]["value"], settings["max_retries"]["value"]) == (5, 6)
    assert found["environment_variables"] == {"A": "job", "C": "job"}


def test_a_retry_takes_the_settings_that_a_job_takes(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "mine")
    for setting, says in (
        ("retry_settings.timeout=0.5", "timeout must be a whole number, not 0.5"),
        ("worker_cpus=0", "worker_cpus must be at least 1, not 0"),
        ("worker_memory=unlimited", "worker_memory cannot be 'unlimited'"),
        ("error_threshold=-2", "error_threshold must be at least -1, not -2"),
    ):
        assert says in applied.bep("run", "job.yml", "--set", setting, "--dry-run", expect=3).stderr
        assert says in applied.bep("job", "retry", "mine", "--set", setting, expect=1).stderr


def test_no_more_instances_are_kept_ready_than_there_may_be(applied: Workspace) -> None:
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 2\nmin_instances: 5")
    assert "min_instances is 5, but max_instances is 2" in applied.bep("validate", expect=3).stdout
    applied.edit("specs.yml", "max_instances: 2\n", "")
    said = applied.bep("validate", expect=3).stdout
    assert "min_instances is 5, but max_instances is 4, the default" in said


@pytest.mark.parametrize("given", [("-m",), ("-c",), ("--set", "retry_settings.timeout")])
def test_a_number_that_no_file_may_have_is_none_on_the_command_line_either(
    applied: Workspace, given: tuple[str, ...]
) -> None:
    line = "=".join((given[-1], "9" * 30)) if len(given) > 1 else "9" * 30
    said = applied.bep("run", "job.yml", given[0], line, "--dry-run", expect=3).stderr
    assert "must be a whole number" in said
