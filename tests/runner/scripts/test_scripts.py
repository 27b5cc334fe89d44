"""What a scoring script may rely on, and what it may do wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from bep.runner.events import MiniBatchFailed
from bep.runner.reporting.text import lines

Jobs = Any


def test_every_file_is_scored_and_rows_stand_in_input_order(jobs: Jobs) -> None:
    record, output = jobs.score(items=205, workers=3)
    assert record.status == "Completed"
    assert output.split() == [str(n) for n in range(205)]
    assert (record.counts.items, record.counts.scored, record.counts.failed, record.counts.rows) == (205, 205, 0, 205)
    assert record.counts.mini_batches == 21


SURROUNDINGS = """
    import argparse, json, os, sys
    from azureml_user.parallel_run import EntryScript
    import runner, schemas, bep, sibling

    CALLS = []

    def init():
        CALLS.append(os.environ["AZUREML_MODEL_DIR"])

    def run(mini_batch):
        parser = argparse.ArgumentParser()
        parser.add_argument("--mine", default="own")
        known, _ = parser.parse_known_args()
        script = EntryScript()
        script.logger.info("hello from the entry script")
        return [json.dumps({
            "inits": len(CALLS),
            "absolute": all(os.path.isabs(p) for p in mini_batch),
            "model": CALLS[0],
            "output": os.environ["AZUREML_BI_OUTPUT_PATH"],
            "variable": os.environ["GREETING"],
            "cwd": os.getcwd() == script.working_dir,
            "mine": known.mine,
            "siblings": [m.__file__.split(os.sep)[-2] for m in (runner, schemas, bep, sibling)],
            "threads": os.environ["OMP_NUM_THREADS"],
            "leaked": sorted(m for m in sys.modules if m in ("subprocess", "pydantic", "multiprocessing")),
            "name": __name__,
        })] * len(mini_batch)
"""


AZUREML_CORE = """
    import azureml.core
    from azureml.core import Dataset, Model, Run, Workspace
    from azureml.core.model import Model as Same

    def init():
        print(Run.get_context().log("rows", 3))

    def run(mini_batch):
        said = []
        for use in (lambda: Workspace.from_config(), lambda: Dataset("x")):
            try:
                use()
            except NotImplementedError as error:
                said.append(str(error))
        assert all(text.startswith("there is no workspace here") for text in said) and len(said) == 2
        return [Same.get_model_path("digits")] * len(mini_batch)
"""


def test_a_script_may_import_azureml_core_where_it_is_not_installed(jobs: Jobs) -> None:
    (jobs.root / "model" / "digits").mkdir(parents=True)
    record, output = jobs.score(AZUREML_CORE, items=1, workers=1)
    assert record.status == "Completed", record.error
    assert output == f"{jobs.root / 'model' / 'digits'}\n"
    assert "metric rows: 3" in "".join(file.read_text() for file in (record.folder / "logs/user/stdout").rglob("*.txt"))


def test_an_azureml_core_of_the_environments_own_is_the_one_a_script_gets(jobs: Jobs) -> None:
    script = """
        from azureml.core import Model
        run = Model.score
    """
    real = {"azureml/mlflow.py": "", "azureml/core/__init__.py": "class Model:\n    score = list\n"}
    assert jobs.score(script, modules=real, items=2)[0].status == "Completed"
    lacking, _ = jobs.score("from azureml.core import Model, Wrkspace\nrun = list\n", name="lacking", items=2)
    assert "cannot import name 'Wrkspace' from 'azureml.core'" in lacking.error.traceback


def test_a_package_of_azureml_beside_a_missing_core(jobs: Jobs) -> None:
    """Distributions of one namespace: the environment has azureml-mlflow, say, and not azureml-core."""
    script = """
        import azureml.mlflow
        from azureml.core import Model
        run = list
    """
    record, _ = jobs.score(script, modules={"azureml/mlflow.py": ""}, items=2)
    assert record.status == "Completed", record.error


def test_a_script_finds_what_the_service_gives_it(jobs: Jobs) -> None:
    modules = {"runner.py": "", "schemas.py": "", "bep.py": "", "sibling.py": ""}
    record, output = jobs.score(SURROUNDINGS, modules=modules, variables={"GREETING": "hallo"}, items=3)
    assert record.status == "Completed", record.error
    assert json.loads(output.splitlines()[0]) == {
        "inits": 1,
        "absolute": True,
        "model": str(jobs.root / "model"),
        "output": str(jobs.root / "outputs" / "job"),
        "variable": "hallo",
        "cwd": True,
        "mine": "own",
        "siblings": ["code"] * 4,
        "threads": "1",
        "leaked": [],
        "name": "score",
    }
    log = next((record.folder / "logs/user/entry_script_log").rglob("*.txt"))
    assert "INFO hello from the entry script" in log.read_text()


def test_variables_of_the_user_win_over_the_bound_on_native_threads(jobs: Jobs) -> None:
    script = "import os\ndef run(mini_batch): return [os.environ['OMP_NUM_THREADS']] * len(mini_batch)"
    _, output = jobs.score(script, variables={"OMP_NUM_THREADS": "7"}, items=1)
    assert output == "7\n"


def test_a_script_below_the_code_folder_finds_modules_in_both(jobs: Jobs) -> None:
    script = "import beside, above\ndef run(mini_batch): return [beside.X + above.X] * len(mini_batch)"
    modules = {"src/beside.py": "X = 'a'", "above.py": "X = 'b'"}
    _, output = jobs.score(script, scoring_script="src/score.py", modules=modules, items=1)
    assert output == "ab\n"


def test_shutdown_is_called_and_may_raise(jobs: Jobs) -> None:
    script = """
        import os, atexit
        atexit.register(lambda: open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/at_exit.txt", "w").close())
        def run(mini_batch): return mini_batch
        def shutdown(): raise ValueError("late")
    """
    record, output = jobs.score(script, workers=1)
    assert record.status == "Completed"
    assert len(output.splitlines()) == 40
    assert record.warnings == ("shutdown() raised ValueError: late (process000)",)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("None", "run() returned a NoneType; run() returned nothing: is a return missing?"),
        ("{'a': 1}", "run() returned a dict; return one list element for each file instead"),
        ("'text'", "run() returned a str; return a list with one element for each file"),
        ("(x for x in mini_batch)", "run() returned a generator; yield makes run() a generator"),
        ("7", "run() returned an int; allowed are a list, a tuple and a pandas DataFrame"),
    ],
)
def test_a_wrong_result_is_a_failed_attempt_that_says_what_is_allowed(jobs: Jobs, returned: str, told: str) -> None:
    record, _ = jobs.score(f"def run(mini_batch): return {returned}", items=2, max_retries=1)
    assert record.status == "Failed"
    assert record.counts.failed == 2
    assert record.failures[0].code == "WrongResult"
    assert record.failures[0].message.startswith(told)
    assert record.failures[0].traceback == ""


RAISES = """
    class Odd(Exception):
        def __str__(self): raise RuntimeError("no text")
        def __reduce__(self): raise RuntimeError("no pickle")

    def fail(path):
        raise {error}

    def run(mini_batch):
        for path in mini_batch:
            if path.endswith("00003.txt"):
                fail(path)
        return [open(path).read() for path in mini_batch]
"""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ValueError('bad pixel')", "ValueError"),
        ("SystemExit(3)", "SystemExit"),
        ("KeyboardInterrupt()", "KeyboardInterrupt"),
        ("GeneratorExit()", "GeneratorExit"),
        ("Odd()", "Odd"),
    ],
)
def test_whatever_is_raised_costs_only_the_item_it_is_about(jobs: Jobs, error: str, kind: str) -> None:
    record, output = jobs.score(RAISES.replace("{error}", error), max_retries=1)
    assert record.status == "Completed"
    assert output.split() == [str(n) for n in range(40) if n != 3]
    assert (record.counts.scored, record.counts.failed, record.counts.workers_lost) == (39, 1, 0)
    (line,) = (record.folder / "failed_items.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert told["item"].endswith("00003.txt")
    assert (told["position"], told["type"]) == (3, kind)
    assert told["traceback"].splitlines()[1].endswith("in run")
    assert "/runner/worker/" not in told["traceback"]
    assert told["attempts"] == 2 + 5  # the whole mini-batch twice, then 5, 3, 2 items and 1 twice
    where, line = told["log"].rsplit(":", 1)
    begins, file = (record.folder / where).read_text().splitlines()[int(line) - 1 :][:2]
    assert begins.startswith(f"mini-batch 0, attempt 7: {kind}: ")
    assert file == "  " + told["item"]


def test_a_mini_batch_without_attempts_left_fails_whole_when_bisecting_is_off(jobs: Jobs) -> None:
    record, output = jobs.score(RAISES.replace("{error}", "ValueError('x')"), bisect=False, max_retries=2)
    assert record.counts.failed == 10
    assert output.split() == [str(n) for n in range(10, 40)]
    assert record.counts.retries == 2


def test_an_attempt_that_succeeds_later_leaves_no_trace_in_the_rows(jobs: Jobs) -> None:
    script = """
        import os
        def run(mini_batch):
            marker = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/" + os.path.basename(mini_batch[0])
            if not os.path.exists(marker):
                open(marker, "w").close()
                raise OSError("busy")
            return [open(path).read() for path in mini_batch]
    """
    record, output = jobs.score(script)
    assert (record.status, record.counts.failed, record.counts.retries) == ("Completed", 0, 4)
    assert output.split() == [str(n) for n in range(40)]


def test_fewer_results_than_files_count_as_failed_and_more_are_kept(jobs: Jobs) -> None:
    script = """
        def run(mini_batch):
            if mini_batch[0].endswith("00000.txt"):
                return ["first"] * 3
            return ["row"] * (len(mini_batch) + 2)
    """
    record, output = jobs.score(script, items=20)
    assert (record.status, record.counts.scored, record.counts.failed, record.counts.rows) == ("Completed", 13, 7, 15)
    assert output.splitlines() == ["first"] * 3 + ["row"] * 12
    assert record.warnings == ("run() returned 2 results more than it was given items; all rows are kept",)
    assert "run() returned 3 results for 10 files" in (record.folder / "failed_items.jsonl").read_text()


def test_a_data_frame_may_have_more_rows_than_there_were_files(jobs: Jobs) -> None:
    pytest.importorskip("pandas")
    script = "import pandas\ndef run(mini_batch): return pandas.DataFrame({'n': range(7 * len(mini_batch))})"
    record, output = jobs.score(script, items=20)
    assert (record.status, record.warnings) == ("Completed", ())
    assert (record.counts.scored, record.counts.rows, len(output.splitlines())) == (20, 140, 140)
    fewer = "import pandas\ndef run(mini_batch): return pandas.DataFrame({'n': range(len(mini_batch) - 1)})"
    record, _ = jobs.score(fewer, name="fewer", items=20)
    assert (record.counts.scored, record.counts.failed, record.counts.rows) == (18, 2, 18)


def test_a_shortage_of_results_is_told_wherever_a_failure_is_looked_for(jobs: Jobs) -> None:
    record, _ = jobs.score("def run(mini_batch): return [1]", items=95, mini_batch_size=25, workers=1)
    assert (record.status, record.counts.scored, record.counts.failed, record.counts.retries) == ("Completed", 4, 91, 0)
    why = "run() returned 1 results for 25 files; which of them are missing cannot be told"
    told = jobs.of(MiniBatchFailed)
    assert sorted(event.first for event in told) == [0, 25, 50, 75]
    assert {(event.error_type, event.attempt, event.will_retry) for event in told} == {("ResultsMissing", 1, False)}
    assert [failure.code for failure in record.failures] == ["ResultsMissing"] * 3
    shown = record.failures[0]
    assert (shown.message, len(shown.files), shown.files[0][-9:]) == (why, 25, "00000.txt")
    report = lines(record)
    assert f"ResultsMissing: {why}" in report
    assert f"    log: {record.folder / shown.log}" in report
    assert report[4].endswith("00002.txt and 22 more")
    log = (record.folder / shown.log).read_text()
    assert f"mini-batch 0, attempt 1: ResultsMissing: {why}\n  {shown.files[0]}\n" in log
    assert f"  {shown.files[9]}\n  and 15 more\n" in log
    assert "(given up): ResultsMissing: " + why in (record.folder / "logs/job_error.txt").read_text()
    for event in told:
        path, _, line = event.log.rpartition(":")
        begins = (record.folder / path).read_text().splitlines()[int(line) - 1]
        assert begins.startswith(f"mini-batch {event.first // 25}, attempt 1: ResultsMissing")
    items = [json.loads(line) for line in (record.folder / "failed_items.jsonl").read_text().splitlines()]
    assert (len(items), {item["log"] for item in items}) == (95, {shown.log})


def test_failures_of_both_kinds_stand_in_a_bounded_report(jobs: Jobs) -> None:
    script = """
        def run(mini_batch):
            if mini_batch[0].endswith("00000.txt"):
                raise ValueError("bad header")
            return []
    """
    record, _ = jobs.score(script, items=60, max_retries=0, output_action="summary_only")
    assert [failure.code for failure in record.failures] == ["ValueError", "ResultsMissing", "ResultsMissing"]
    assert record.counts.failed == 60


def test_the_job_stops_when_more_items_fail_than_the_threshold_allows(jobs: Jobs) -> None:
    script = "def run(mini_batch): return mini_batch[:-1]"
    record, _ = jobs.score(script, items=400, error_threshold=5)
    assert record.status == "Failed"
    assert record.error.code == "ErrorThreshold"
    assert "exceeds error threshold 5" in record.error.message
    assert not record.output_file.exists()
    at_threshold, _ = jobs.score(script, name="other", inputs=jobs.files(50)[:1], items=0, error_threshold=40)
    assert at_threshold.status == "Completed"


def test_nothing_scored_is_a_failed_job_unless_only_a_summary_was_asked_for(jobs: Jobs) -> None:
    record, _ = jobs.score("def run(mini_batch): return []")
    assert (record.status, record.error.code) == ("Failed", "NoResultToAppend")
    summary, _ = jobs.score("def run(mini_batch): return []", name="other", output_action="summary_only")
    assert (summary.status, summary.counts.failed, summary.output_file) == ("Completed", 40, None)


def test_summary_only_counts_results_and_writes_no_rows(jobs: Jobs) -> None:
    script = """
        import os
        def run(mini_batch):
            for path in mini_batch:
                with open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/" + os.path.basename(path), "w") as out:
                    out.write("mine")
            return mini_batch
    """
    record, _ = jobs.score(script, output_action="summary_only")
    assert (record.status, record.counts.scored) == ("Completed", 40)
    assert len(list(Path(record.output_folder).iterdir())) == 40


def test_prints_go_to_the_log_of_their_process(jobs: Jobs) -> None:
    script = """
        import logging, sys
        logging.getLogger("mine").info("too quiet")
        def init():
            logging.getLogger("mine").warning("logged")
        def run(mini_batch):
            print("printed", len(mini_batch))
            print("trouble", file=sys.stderr)
            return mini_batch
    """
    record, _ = jobs.score(script, workers=1, logging_level="warning")
    logs = record.folder / "logs/user"
    assert (logs / "stdout/node0/process000.stdout.txt").read_text() == "printed 10\n" * 4
    errors = (logs / "stderr/node0/process000.stderr.txt").read_text()
    assert "WARNING mine: logged" in errors
    assert errors.count("trouble\n") == 4
    assert "too quiet" not in errors


def test_two_instances_with_two_workers_are_four_processes_on_two_nodes(jobs: Jobs) -> None:
    script = """
        import os, time

        def run(mini_batch):  # does not end until all four have begun one
            open("../" + str(os.getpid()) + ".begun", "w").close()
            until = time.monotonic() + 60
            while sum(name.endswith(".begun") for name in os.listdir("..")) < 4 and time.monotonic() < until:
                time.sleep(0.01)
            return [os.getpid()] * len(mini_batch)
    """
    record, output = jobs.score(script, items=80, workers=2, instance_count=2, timeout=100)
    assert len(set(output.split())) == 4
    assert sorted(p.name for p in (record.folder / "logs/user/stdout").iterdir()) == ["node0", "node1"]
