"""Which shard a process scores: every form that is read, every variable that numbers, and what is said of others."""

import pytest

from bep.runner.shards.choosing import Choice, ShardInvalid, chosen

NUMBERED = {
    "JOB_COMPLETION_INDEX": ("2", 2),
    "SLURM_ARRAY_TASK_ID": ("2", 2),
    "PBS_ARRAY_INDEX": ("2", 2),
    "SGE_TASK_ID": ("3", 2),
    "LSB_JOBINDEX": ("3", 2),
    "AWS_BATCH_JOB_ARRAY_INDEX": ("2", 2),
    "CLOUD_RUN_TASK_INDEX": ("2", 2),
    "PARALLEL_SEQ": ("3", 2),
}


@pytest.mark.parametrize(("text", "shard", "shards"), [("0/1", 0, 1), ("3/8", 3, 8), (" 7/8 ", 7, 8), ("007/08", 7, 8)])
def test_what_was_written_counts_whatever_the_environment_has(text: str, shard: int, shards: int) -> None:
    assert chosen(text, {"JOB_COMPLETION_INDEX": "1"}) == Choice(shard, shards)


@pytest.mark.parametrize(("name", "value", "shard"), [(name, *told) for name, told in NUMBERED.items()])
def test_whatever_runs_copies_of_a_command_numbers_them_from_its_own_beginning(
    name: str, value: str, shard: int
) -> None:
    found = chosen("auto/8", {name: value})
    assert (found.shard, found.shards) == (shard, 8)
    assert name in found.note


def test_a_slurm_array_may_begin_anywhere_and_says_how_many_there_are() -> None:
    slurm = {"SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_COUNT": "5"}
    found = chosen("auto/auto", slurm)
    assert (found.shard, found.shards) == (2, 5)
    assert "SLURM_ARRAY_TASK_COUNT" in found.note
    assert chosen("4/auto", slurm)[:2] == (4, 5)
    run = {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "3"}
    assert chosen("auto/auto", run)[:2] == (0, 3)


def test_of_several_that_are_set_the_message_says_which_counts() -> None:
    found = chosen("auto/8", {"PARALLEL_SEQ": "1", "SLURM_ARRAY_TASK_ID": "5"})
    assert found.shard == 5
    assert "by SLURM_ARRAY_TASK_ID" in found.note
    assert "PARALLEL_SEQ is set too, and passed over" in found.note


@pytest.mark.parametrize("unset", [{"SGE_TASK_ID": "undefined"}, {"LSB_JOBINDEX": "0"}, {"PARALLEL_SEQ": ""}, {}])
def test_where_nothing_numbers_every_variable_that_would_is_listed(unset: dict[str, str]) -> None:
    with pytest.raises(ShardInvalid) as refused:
        chosen("auto/8", unset)
    assert all(name in str(refused.value) for name in NUMBERED)


@pytest.mark.parametrize(
    "text", ["", "3", "3/", "/8", "-1/8", "3 / 8", "a/8", "3/8/2", "Auto/8", "1.0/8", "٣/٨", "+1/8"]
)
def test_what_is_no_shard_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(ShardInvalid, match="I from 0 to N-1"):
        chosen(text, {})


@pytest.mark.parametrize(
    ("text", "environment", "words"),
    [
        ("8/8", {}, "the shards of 8 are 0 to 7; the first is 0"),
        ("9/8", {}, "the shards of 8 are 0 to 7"),
        ("0/0", {}, "1 to 1,000,000 shards"),
        ("0/1000001", {}, "1 to 1,000,000 shards"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "2"}, "JOB_COMPLETION_INDEX"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "two"}, "'two', which is no number"),
        ("auto/8", {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "2"}, "begins with 2"),
        ("auto/auto", {"JOB_COMPLETION_INDEX": "1"}, "auto/N"),
        ("auto/auto", {"SLURM_ARRAY_TASK_ID": "1"}, "SLURM_ARRAY_TASK_COUNT is not"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_where_it_came_from(
    text: str, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ShardInvalid, match=words):
        chosen(text, environment)
