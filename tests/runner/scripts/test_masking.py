"""The values of a job's secret variables: taken out of all that a script says, wherever its pieces begin and end."""

import json
import os
import random
import threading
from pathlib import Path

import pytest

from bep.runner.processes.masked_logs import MaskedLog
from bep.runner.worker.masking import MASK, Mask, forms, masked
from tests.runner.conftest import Jobs, output_of

SECRET = 'canary-"7\\é/ £'
KEY = "-----BEGIN KEY-----\ncanary-line-one-of-the-key\ncanary-line-two-of-the-key\n-----END KEY-----\n"
SAYS = """
    import json, logging, os, subprocess, sys, warnings
    SECRET, KEY, SHORT = os.environ["SECRET"], os.environ["KEY"], os.environ["SHORT"]
    def init():
        os.environ["SECRET"] = "changed"
        print("in init", SECRET)
    def run(mini_batch):
        print("plain", SECRET, "short", SHORT)
        print("whole", KEY)
        for line in KEY.splitlines():
            print("line", line)
        print("repr", [SECRET], "json", json.dumps({"a": SECRET}))
        sys.stdout.write("no end of line " + SECRET)
        sys.stdout.flush()
        os.write(2, SECRET.encode() + b"\\n")
        subprocess.run(["sh", "-c", 'echo "$KEY"; echo a child "$KEY" >&2'], check=True)
        logging.getLogger("mine").warning("logged %s", SECRET)
        warnings.warn("warned " + SECRET)
        from azureml_user.parallel_run import EntryScript
        EntryScript().logger.warning("entry script %s", SECRET)
        if any("0003" in path for path in mini_batch):
            raise ValueError("refused: " + SECRET)
        return [SECRET[::-1] for _ in mini_batch]
    def shutdown():
        raise RuntimeError("at the end " + SECRET)
"""


def told(place: Path) -> dict[str, str]:
    return {
        str(file.relative_to(place)): file.read_text(errors="surrogateescape")
        for file in place.rglob("*")
        if file.is_file()
    }


def test_a_script_says_them_nowhere_that_is_kept_or_told(jobs: Jobs) -> None:
    values = {"SECRET": SECRET, "KEY": KEY, "SHORT": "abc"}
    request = jobs.request(SAYS, items=6, workers=2, mini_batch_size=1, max_retries=1, variables=values)
    target = request.target.model_copy(update={"secret_variables": ("KEY", "SECRET", "SHORT")})
    record = jobs.run(request.model_copy(update={"target": target}))
    assert (record.counts.scored, record.counts.failed) == (5, 1)
    assert output_of(record).split("\n")[0] == SECRET[::-1]
    kept = told(record.folder)
    hidden = [*forms([SECRET]), "canary-line"]
    for name, text in {**kept, "events": repr(jobs.events), "record": repr(record)}.items():
        assert not [form for form in hidden if form in text], name
    said = "".join(kept.values())
    for words in (
        "in init (sensitive)", "plain (sensitive) short abc", "line (sensitive)", "no end of line (sensitive)",
        "a child (sensitive)", "logged (sensitive)", "warned (sensitive)", "entry script (sensitive)",
        "ValueError: refused: (sensitive)", "at the end (sensitive)",
    ):  # fmt: skip
        assert words in said, words
    failed = json.loads(kept["failed_items.jsonl"].splitlines()[0])
    assert "refused: (sensitive)" in json.dumps(failed)


def test_a_script_that_cannot_be_loaded_says_none_either(jobs: Jobs) -> None:
    script = "import os\nraise RuntimeError('no: ' + os.environ['SECRET'])"
    request = jobs.request(script, items=1, workers=1, variables={"SECRET": SECRET})
    target = request.target.model_copy(update={"secret_variables": ("SECRET",)})
    record = jobs.run(request.model_copy(update={"target": target}))
    assert record.error is not None
    assert record.error.message == "RuntimeError: no: (sensitive)"
    assert not [name for name, text in told(record.folder).items() if "canary" in text]


def test_what_a_dead_worker_said_last_is_in_its_log(jobs: Jobs) -> None:
    says = "os.write(1, b'x' * 300000 + b' last canary-secret words')"
    script = f"import os\ndef run(mini_batch):\n    {says}\n    os._exit(3)"
    request = jobs.request(script, items=1, workers=1, max_retries=0, variables={"SECRET": "canary-secret"})
    target = request.target.model_copy(update={"secret_variables": ("SECRET",)})
    record = jobs.run(request.model_copy(update={"target": target}))
    (said,) = [text for name, text in told(record.folder).items() if "stdout" in name and text]
    assert said.endswith("x last (sensitive) words")
    assert len(said) == 300000 + len(" last (sensitive) words")


def test_an_interpreter_that_does_not_start_is_not_quoted_with_them(jobs: Jobs, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho cannot start with $SECRET >&2\nexit 3\n")
    broken.chmod(0o755)
    for interpreter in (str(broken), str(tmp_path / "nowhere")):
        name = Path(interpreter).name
        variables = {"SECRET": "canary-secret"}
        request = jobs.request(items=1, workers=1, name=name, interpreter=interpreter, variables=variables)
        target = request.target.model_copy(update={"secret_variables": ("SECRET",)})
        record = jobs.run(request.model_copy(update={"target": target}))
        assert record.status == "Failed"
        assert not [file for file, text in told(record.folder).items() if "canary" in text]
    assert not [thread for thread in threading.enumerate() if "_pass_on" in thread.name]
    said = (tmp_path / "jobs/python/job.json").read_text()
    assert "cannot start with (sensitive)" in said


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_is_masked_however_it_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    values = ["canary-one", "nary", "aabaab", "ab\ncanary-line-two"]
    words = ["x", "can", "\n", "aab", "n", "é", *values]
    text = "".join(chance.choice(words) for _ in range(60))
    mask, left = Mask(forms(values)), text.encode()
    said = b""
    while left:
        size = chance.randrange(1, 9)
        said += mask.passed(left[:size])
        left = left[size:]
    said += mask.rest()
    assert not [value for value in values if value.encode() in said]
    if not any(value in text for value in values):
        assert said == text.encode()


def test_nothing_is_held_back_that_begins_no_secret() -> None:
    mask = Mask(forms(["canary-one"]))
    assert mask.passed(b"50 %\r") == b"50 %\r"
    assert mask.passed(b"can") == b""
    assert mask.passed(b"ned\n") == b"canned\n"


def test_a_short_value_stays() -> None:
    assert forms(["abc", "", "a"]) == []
    assert masked("abc abcd", forms(["abcd"])) == f"abc {MASK}"


def test_a_process_that_holds_the_pipe_does_not_hold_up_its_end(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as file:
        log = MaskedLog(file, forms(["canary-one"]))
    held = os.dup(log.writer)
    os.write(held, b"said canary-one")
    log.close()
    assert (tmp_path / "log").read_text() == "said (sensitive)"
    os.close(held)
