"""The check of a whole corpus finds what it is there to find."""

from pathlib import Path

import pytest

from tests import corpus

SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/{}.schema.json\n"


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("a.yml", SCHEMA.format("batchEndpoint") + "name: letters\n", 0),
        ("a.yml", SCHEMA.format("managedOnlineEndpoint") + "name: letters\nauth_mode: key\n", 0),
        ("conda.yml", "dependencies: [python=3.11]\n", 0),
        ("online/a.yml", "name: letters\nauth_mode: key\n", 1),
        ("batch/a.yml", "name: letters\nauth_mode: key\n", 0),
        ("a.yml", SCHEMA.format("batchEndpoint") + "apiVersion: v1\nkind: Pod\n", 1),
    ],
)
def test_a_verdict_is_held_against_the_schema_and_the_path(tmp_path: Path, file: str, text: str, code: int) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert corpus.main(tmp_path) == code


def test_there_are_ten_reasons_at_most() -> None:
    assert len(corpus.reasons_in(corpus.REASONS.read_text())) <= corpus.MOST_REASONS
    assert corpus.reasons_in("| files | reason |\n|-|-|\n| `a.*` | b |\n") == ["a.*"]
