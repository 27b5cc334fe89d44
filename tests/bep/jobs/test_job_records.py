"""The records of jobs as a process that lives long reads them: again where they are others, and only there."""

from bep.app.job_records import records
from tests.bep.conftest import Workspace


def test_a_record_is_read_again_where_its_file_is_another(applied: Workspace) -> None:
    home = applied.folder / ".bep"
    applied.bep("run", "job.yml", "--name", "one")
    [first] = records(home)
    assert records(home)[0] is first

    (applied.folder / "code/score.py").write_text("def init(): pass\ndef run(paths): raise ValueError\n")
    applied.bep("apply", "-y")
    applied.bep("run", "job.yml", "--name", "bad", expect=1)
    before = {record.name: record for record in records(home)}
    assert before["one"] is first
    (applied.folder / "code/score.py").write_text("def init(): pass\ndef run(paths): return paths\n")
    applied.bep("apply", "-y")
    applied.bep("job", "retry", "bad", "--mended")
    after = {record.name: record for record in records(home)}
    assert (before["bad"].counts.failed, after["bad"].counts.failed) == (5, 0)

    applied.bep("job", "delete", "one", "-y")
    assert [record.name for record in records(home)] == ["bad"]
