"""The help of the commands that mend, take over, take back and list jobs: read as a user would."""

from collections.abc import Callable

import pytest

from bep.cli import run

PAGES = (
    ("state",),
    *(("state", name) for name in ("rm", "mv", "pull", "push", "restore", "repair")),
    *((name,) for name in ("gc", "unlock", "import", "adopt", "rollback", "graph", "output")),
    ("job",),
    ("job", "list"),
)


def test_every_page_says_what_it_does_with_examples_and_exit_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    for page in PAGES:
        assert run([*page, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.count("Examples:") == len(PAGES)
    golden("bep/help.txt", said)
