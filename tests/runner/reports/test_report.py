"""What a user reads when a job is over, and what a record keeps."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bep.command_words import command_of
from bep.runner.errors import JobInvalid
from bep.runner.folder import record as records
from bep.runner.folder.record import Counts, JobError, JobRecord, Status
from bep.runner.reporting import text as report
from bep.runner.request import ScoringTarget, Settings

COMPLETED = JobRecord(
    name="batchjob-1",
    status=Status.COMPLETED,
    target=ScoringTarget(endpoint="digits", deployment="blue", deployment_digest="0", interpreter=("python",)),
    settings=Settings(),
    inputs=("/data/images",),
    input_text="./images",
    folder=Path("/jobs/batchjob-1"),
    output_folder=Path("/out"),
    output_file=Path("/out/predictions.csv"),
    output_text="",
    created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    seconds=3.21,
    counts=Counts(items=120, scored=120, rows=120, mini_batches=12),
)
TRACEBACK = """Traceback (most recent call last):
  File "/code/score.py", line 7, in run
    image = open_image(path)
ValueError: truncated
"""
PARTLY = COMPLETED.model_copy(
    update={
        "seconds": 4321.0,
        "counts": Counts(items=120, scored=119, failed=1, rows=119, mini_batches=12, retries=7, workers_lost=1),
        "warnings": ("shutdown() raised OSError: gone (process001)",),
        "failures": (
            JobError(
                code="ValueError",
                message="truncated",
                traceback=TRACEBACK,
                files=("/data/images/7.png",),
                log="logs/user/error/node0/process000.txt:0",
            ),
        ),
    }
)
FAILED = COMPLETED.model_copy(
    update={
        "status": Status.FAILED,
        "seconds": 100.4,
        "counts": Counts(items=120),
        "error": JobError(
            code="InitFailed",
            message="FileNotFoundError: no weights here",
            traceback=TRACEBACK,
            log="logs/user/error/node0/process000.txt",
        ),
    }
)
CANCELED = COMPLETED.model_copy(
    update={"status": Status.CANCELED, "counts": Counts(items=120, scored=50, rows=50, mini_batches=12)}
)


@pytest.mark.parametrize(
    ("name", "record"),
    [("completed", COMPLETED), ("partly", PARTLY), ("failed", FAILED), ("canceled", CANCELED)],
)
def test_the_last_lines_of_a_job(golden: Callable[[str, str], None], name: str, record: JobRecord) -> None:
    golden(f"runner/report-{name}.txt", "\n".join(report.lines(record, command_of)) + "\n")


def test_a_record_comes_back_as_it_was_and_has_no_value_of_a_variable(tmp_path: Path) -> None:
    target = COMPLETED.target.model_copy(update={"environment_variables": {"TOKEN": "canary"}})
    folder = tmp_path / PARTLY.name
    folder.mkdir()
    record = PARTLY.model_copy(update={"folder": folder, "target": records.pinned(target)})
    records.save(record)
    assert records.load(folder) == record
    assert record.target.environment_variables == {"TOKEN": ""}
    assert [path.name for path in folder.iterdir()] == ["job.json"]


@pytest.mark.parametrize(("content", "told"), [(None, "it has no job.json"), ("{", "is damaged"), ("", "is damaged")])
def test_a_folder_without_a_whole_record_is_refused_by_name(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "job.json").write_text(content)
    with pytest.raises(JobInvalid, match=told) as error:
        records.load(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_failures_alike_show_one_traceback() -> None:
    failure = PARTLY.failures[0]
    alike = failure.model_copy(update={"message": "truncated at byte 7", "files": ("/data/images/9.png",)})
    again = alike.model_copy(update={"message": "truncated at byte 12", "files": ("/data/images/11.png",)})
    lines = report.lines(PARTLY.model_copy(update={"failures": (failure, alike, again)}))
    assert sum("in run" in line for line in lines) == 2
    assert sum("files: " in line for line in lines) == 3


@pytest.mark.parametrize(
    ("code", "commands"),
    [
        ("InitFailed", ["bep job logs batchjob-1 --error", "bep job retry batchjob-1 --mended"]),
        ("ErrorThreshold", ["bep job logs batchjob-1 --error", "bep job retry batchjob-1 --mended"]),
        ("InputsInvalid", ["bep job resume batchjob-1"]),
        ("RunnerFailed", ["bep job resume batchjob-1"]),
        ("OutputExists", []),
    ],
)
def test_what_to_type_next_follows_from_what_failed(code: str, commands: list[str]) -> None:
    record = FAILED.model_copy(update={"error": JobError(code=code, message="")})
    assert [command_of(step) for step, _ in report.next_of(record)] == commands


def test_too_little_time_or_memory_names_twice_of_it() -> None:
    failures = tuple(JobError(code=code, message="") for code in ("Timeout", "MemoryLimit"))
    settings = Settings(timeout=30, worker_memory="1.5GB")
    record = PARTLY.model_copy(update={"failures": failures, "settings": settings})
    commands = [command_of(step) for step, _ in report.next_of(record)]
    assert "bep job retry batchjob-1 --set retry_settings.timeout=60" in commands
    assert "bep job retry batchjob-1 --set worker_memory=3000MB" in commands
