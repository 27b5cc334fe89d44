"""The document of a prepared job: read as it was written, refused in words where it is damaged, newer or another's."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bep.runner.folder.record import Counts
from bep.runner.request import Settings
from bep.runner.shards import prepared
from bep.runner.shards.prepared import Content, Prepared, PreparedEnvironment, PreparedInvalid, PreparedTarget

SHA = "ab" * 32


def document(**changes: Any) -> Prepared:
    content = Content(sha256=SHA, size=3)
    target = PreparedTarget(
        endpoint="e", deployment="d", deployment_digest="sha256:1", model_address="model/m/1",
        model={"m/a.bin": content, "m/\udcff\n.bin": content}, code={"score.py": content}, code_name="code",
        scoring_script="score.py", environment=PreparedEnvironment(label="env/1", world="local", asks={"format": 1}),
        variables={"GREETING": "hi"}, secret_variables=("TOKEN",),
    )  # fmt: skip
    return Prepared(
        bep_version="0.1.0", name="nightly", created=datetime(2026, 11, 27, 12, tzinfo=UTC), target=target,
        settings=Settings(partition_keys=("day",)), overrides={"mini_batch_size": 3}, inputs=("/in",),
        counts=Counts(items=5, mini_batches=2), manifest_digest=SHA, sources_digest=SHA, stride=3,
    ).model_copy(update=changes)  # fmt: skip


def test_it_is_read_as_it_was_written() -> None:
    assert prepared.read(prepared.written(document()), "nightly", "/share") == document()


def test_a_document_of_a_newer_bep_is_refused_and_says_by_which() -> None:
    told = {**json.loads(prepared.written(document())), "format_version": 2, "bep_version": "9.1", "new": True}
    with pytest.raises(PreparedInvalid, match=r"has format 2, written by bep 9\.1; this bep reads up to 1"):
        prepared.read(json.dumps(told).encode(), "nightly", "/share")


@pytest.mark.parametrize("kept", [0, 1, 40, -2])
def test_a_document_that_was_cut_is_damaged(kept: int) -> None:
    with pytest.raises(PreparedInvalid, match=r"nightly/job\.json in /share is damaged"):
        prepared.read(prepared.written(document())[:kept], "nightly", "/share")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"null", b"{}", b"[" * 100_000, b'{"format_version": true}'])
def test_what_is_no_such_document_is_damaged(content: bytes) -> None:
    with pytest.raises(PreparedInvalid, match="is damaged"):
        prepared.read(content, "nightly", "/share")


def test_a_document_of_another_job_is_damaged() -> None:
    with pytest.raises(PreparedInvalid, match="names another job, nightly"):
        prepared.read(prepared.written(document()), "weekly", "/share")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "", "."])
def test_no_file_of_a_model_or_of_code_leads_out_of_its_folder(name: str) -> None:
    told = document()
    target = told.target.model_copy(update={"code": {name: Content(sha256=SHA, size=1)}})
    with pytest.raises(PreparedInvalid, match="cannot be the name of a file"):
        prepared.read(prepared.written(told.model_copy(update={"target": target})), "nightly", "/share")


def test_who_wrote_it_and_when_makes_no_other_job() -> None:
    assert prepared.differences(document(), document(bep_version="2", created=datetime.now(UTC))) == ()
    assert prepared.differences(document(), document(stride=4, inputs=("/other",))) == ("inputs", "stride")


def test_what_is_scored_with_has_the_variables_in_their_order_of_precedence() -> None:
    activated = {"GREETING": "environment", "ONLY": "environment"}
    scored = document().scored_with(
        model=Path("/m"), code=Path("/c"), interpreter=("python",), activated=activated, given={"TOKEN": "t"}
    )
    assert scored.environment_variables == {"GREETING": "hi", "ONLY": "environment", "TOKEN": "t"}
    assert (scored.secrets, scored.model_directory, scored.code_directory) == (["t"], Path("/m"), Path("/c"))


def test_a_content_stands_below_the_first_digits_of_its_digest() -> None:
    assert Content(sha256=SHA, size=1).name == f"content/ab/{SHA}"
