"""Where the token of a Ray cluster is found, and what is said of one that nobody should use, without showing it."""

from pathlib import Path

import pytest

from bep.runner.cluster.tokens import token_of
from bep.runner.errors import ClusterRefused


def written(file: Path, token: str, mode: int = 0o600) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(token)
    file.chmod(mode)
    return file


def test_the_first_place_that_has_one_counts(tmp_path: Path) -> None:
    assert token_of({}, tmp_path) == ""
    written(tmp_path / ".ray/auth_token", "third\n")
    assert token_of({}, tmp_path) == "third"
    named = {"RAY_AUTH_TOKEN_PATH": str(written(tmp_path / "named", " second "))}
    assert token_of(named, tmp_path) == "second"
    assert token_of({**named, "RAY_AUTH_TOKEN": "first"}, tmp_path) == "first"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_use_is_not_read(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "token", "opensesame", mode)
    with pytest.raises(ClusterRefused, match=rf"mode {mode:o}\)\n    fix: chmod 600 {file}") as refused:
        token_of({"RAY_AUTH_TOKEN_PATH": str(file)}, tmp_path)
    assert "opensesame" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterRefused, match=r"none, the file that RAY_AUTH_TOKEN_PATH names, cannot be read: No such"):
        token_of({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "none")}, tmp_path)


@pytest.mark.parametrize("token", ["open sesame", "open\nsesame", "öffne", "open\0"])
def test_what_can_be_no_token_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    file = written(tmp_path / "token", token)
    for environment in ({"RAY_AUTH_TOKEN": token}, {"RAY_AUTH_TOKEN_PATH": str(file)}):
        with pytest.raises(ClusterRefused, match="signs that no token has") as refused:
            token_of(environment, tmp_path)
        assert token not in str(refused.value)


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    file = written(tmp_path / "token", "\n")
    with pytest.raises(ClusterRefused, match=f"token of the cluster in {file} is empty"):
        token_of({"RAY_AUTH_TOKEN_PATH": str(file)}, tmp_path)
