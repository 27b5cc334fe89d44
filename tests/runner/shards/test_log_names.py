"""Logs have a name in a share and one in a job's folder, each known from the other."""

import pytest

from bep.runner.shards import log_names


@pytest.mark.parametrize(
    ("local", "shared"),
    [
        ("user/error/n1-0a1b2c3d/process000.txt", "n1-0a1b2c3d/error/process000.txt"),
        ("user/stdout/n1-0a1b2c3d/process012.stdout.txt", "n1-0a1b2c3d/stdout/process012.stdout.txt"),
        ("user/entry_script_log/n1/deep/process000.log.txt", "n1/entry_script_log/deep/process000.log.txt"),
    ],
)
def test_each_name_leads_to_the_other(local: str, shared: str) -> None:
    assert log_names.shared_name(local) == f"{log_names.FOLDER}/{shared}"
    assert log_names.local_name(shared) == local


@pytest.mark.parametrize("name", ["job_error.txt", "sys/job_report/node_summary.csv", "user/error/process000.txt"])
def test_what_is_no_users_is_not_shared(name: str) -> None:
    assert log_names.shared_name(name) is None


@pytest.mark.parametrize("name", ["process000.txt", "n1/process000.txt", "n1/../../job.json", "n1//x", "/n1/error/x"])
def test_other_names_in_a_share_are_no_logs(name: str) -> None:
    assert log_names.local_name(name) is None
