"""Shell completion, asked for as a shell asks."""

import pytest

from tests.bep.conftest import Workspace


@pytest.mark.parametrize(
    ("words", "expected"),
    [("bep pl", "plan"), ("bep plan --det", "--detailed-exitcode"), ("bep job str", "stream")],
)
def test_a_shell_is_told_how_a_word_goes_on(workspace: Workspace, words: str, expected: str) -> None:
    count = str(words.count(" "))
    done = workspace.bep(expect=None, COMP_WORDS=words, COMP_CWORD=count, _BEP_COMPLETE="complete_bash")
    assert done.stdout.split() == [expected]
