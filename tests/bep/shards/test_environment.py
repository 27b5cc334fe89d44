"""The environment of a prepared job where no workspace is: the files that it names come from the share, checked."""

import sys
from pathlib import Path

import pytest

from bep.app.shards.environment import environment_of
from bep.runner.errors import ShareRefused
from bep.runner.shards.fetching import fetch_all
from bep.runner.shards.prepared import Content, PreparedInvalid
from bep.runner.shares.share import share_at
from bep.runner.transfer.transfers import Board
from tests.runner.shards.test_prepared import document

WORDS = Content(sha256="c5f7a0a0ac19ee16eb3d0f1ecc6d4b6b5fd60cc5f8ab27b64b5c4a1c2a4b3d0e", size=5)


def test_what_asks_for_nothing_runs_with_the_interpreter_of_bep(tmp_path: Path) -> None:
    told = document()
    environment = told.target.environment.model_copy(update={"asks": None})
    told = told.model_copy(update={"target": told.target.model_copy(update={"environment": environment})})
    ready = environment_of(told, share_at(".", tmp_path), tmp_path, {}, print)
    assert (ready.interpreter, ready.label) == ((sys.executable,), "env/1")


def test_files_are_fetched_by_name_and_others_are_refused(tmp_path: Path) -> None:
    from hashlib import sha256

    share, board = share_at(".", tmp_path), Board("fetching", ShareRefused)
    good = Content(sha256=sha256(b"wheel").hexdigest(), size=5)
    share.put(f"job/{good.name}", b"wheel")
    share.put(f"job/{WORDS.name}", b"other")
    files = {f"a/{number}.whl": good for number in range(30)}
    folder = fetch_all(share, "job", files, tmp_path / "here", board)
    assert {path.read_bytes() for path in folder.glob("a/*.whl")} == {b"wheel"}
    assert len(list(folder.glob("a/*"))) == 30
    with pytest.raises(PreparedInvalid, match=r"has not the bytes that were uploaded as b\.whl"):
        fetch_all(share, "job", {"b.whl": WORDS}, tmp_path / "here", board)
    assert not (tmp_path / "here/b.whl").exists()
