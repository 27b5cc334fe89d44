"""What a script logs: as it configures logging itself, and to the log of its process where it does not."""

from pathlib import Path

import pytest

from bep.runner.folder.record import JobRecord
from tests.runner.conftest import Jobs

CONFIGURES = """
    import os
    {top}
    def configure():
        import logging
        logging.basicConfig(
            level=logging.DEBUG,
            filename=os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "my.log"),
            format="mine %(levelname)s %(message)s",
        )
    def init():
        {init}
    def run(mini_batch):
        import logging
        {run}
        logging.getLogger("mine").debug("fine")
        logging.getLogger("mine").info("plain")
        logging.getLogger("mine").warning("loud")
        return [len(logging.getLogger().handlers)] * len(mini_batch)
"""


def stderr(record: JobRecord) -> str:
    return "".join(path.read_text() for path in Path(record.folder, "logs/user/stderr").rglob("*.txt"))


@pytest.mark.parametrize("place", ["init", "run"])
@pytest.mark.parametrize("top", ["", "import logging"])
def test_basic_config_works_wherever_it_is_called(jobs: Jobs, place: str, top: str) -> None:
    calls = {"init": "pass", "run": "pass", place: "configure()"}
    record, output = jobs.score(CONFIGURES.format(top=top, **calls), items=1, workers=1)
    assert (record.output_folder / "my.log").read_text() == "mine DEBUG fine\nmine INFO plain\nmine WARNING loud\n"
    assert output == "1\n"
    assert stderr(record) == ""


@pytest.mark.parametrize("top", ["", "import logging"])
@pytest.mark.parametrize(
    ("level", "words"), [("debug", ["fine", "plain", "loud"]), ("info", ["plain", "loud"]), ("warning", ["loud"])]
)
def test_without_a_configuration_the_deployments_level_counts(
    jobs: Jobs, top: str, level: str, words: list[str]
) -> None:
    script = CONFIGURES.format(top=top, init="pass", run="pass")
    record, output = jobs.score(script, items=1, workers=1, logging_level=level)
    lines = stderr(record).splitlines()
    assert [line.rsplit(" ", 1)[1] for line in lines] == words
    assert all(" mine: " in line and line[:2] == "20" for line in lines)
    assert output == "0\n"  # the root logger is the script's to configure


def test_a_configuration_without_a_level_has_the_deployments(jobs: Jobs) -> None:
    script = CONFIGURES.format(top="", init="pass", run="logging.basicConfig(format='%(message)s')")
    record, _ = jobs.score(script, items=1, workers=1, logging_level="info")
    assert stderr(record) == "plain\nloud\n"


def test_a_scripts_own_module_of_that_name_is_left_alone(jobs: Jobs) -> None:
    script = "import sys\ndef run(mini_batch): return [hasattr(sys.modules['logging'], 'lastResort')] * len(mini_batch)"
    record, output = jobs.score(script, items=1, workers=1, modules={"logging.py": "mine = 1"})
    assert (record.status, output) == ("Completed", "True\n")
