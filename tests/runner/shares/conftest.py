"""The three kinds of share that every test of the contract is made with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner.shares.share import Share, share_at
from bep.runner.transfer import stores
from tests.runner.inputs.stores import FtpStore, ftp_store, memory_store


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bep.runner.shares.folder._PAUSES", (0.0, 0.0))
    monkeypatch.setattr(stores, "_PAUSE", 0)


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpStore]:
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture(params=["folder", "memory", "ftp"])
def share(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Share]:
    if request.param == "folder":
        (tmp_path / "shared").mkdir()
        yield share_at("shared", tmp_path)
    elif request.param == "memory":
        with memory_store():
            yield share_at("memory://b/shared", tmp_path)
    else:
        yield share_at(f"{request.getfixturevalue('ftp').url}/shared", tmp_path)
