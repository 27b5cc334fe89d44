"""What is said of an error, and its way out apart from that."""

from bep.runner.errors import JobBusy
from bep.runner.folder.record import JobError, error_of


def test_a_way_out_stands_by_itself() -> None:
    error = JobBusy("it is being scored\n    fix: wait until that is done")
    told = error_of(error.code, str(error))
    assert told == JobError(code="JobBusy", message="it is being scored", fix="wait until that is done")
    assert error_of("Other", "one\ntwo") == JobError(code="Other", message="one\ntwo")
