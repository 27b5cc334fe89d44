"""Tokens: kept for their owner's eyes, whole after any kill, never taken for none where they cannot be read."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bep.app.access.audit import Audit
from bep.app.access.failed_attempts import MOST, SECONDS, FailedAttempts
from bep.app.access.roles import Role
from bep.app.access.times import expiry
from bep.app.access.tokens import LONGEST, Tokens
from bep.app.errors import NotFound, Refused
from tests.bep.conftest import Workspace, surroundings

NOW = datetime(2026, 11, 27, tzinfo=UTC)
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from bep.app.access.roles import Role
from bep.app.access.tokens import Tokens
left = [int(sys.argv[2])]
def at(step):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
tokens = Tokens(Path(sys.argv[1]), at=at)
if sys.argv[3] == "create":
    tokens.create("new", Role.READ, datetime.now(UTC), None)
else:
    tokens.revoke("old")
print("done")
"""


@pytest.mark.parametrize("what", ["create", "revoke"])
def test_a_kill_at_any_step_leaves_all_or_nothing_of_a_change(tmp_path: Path, what: str) -> None:
    steps = 0
    while True:
        home = tmp_path / str(steps)
        old = Tokens(home).create("old", Role.READ, NOW, None)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(home), str(steps), what], capture_output=True, text=True, check=False
        )
        names = [one.name for one in Tokens(home).every()]
        assert names in ([["old"], ["new", "old"]] if what == "create" else [["old"], []])
        assert (Tokens(home).recognised(old, NOW) is not None) == ("old" in names)
        Tokens(home).create("later", Role.READ, NOW, None)  # nothing is left that is in the way
        steps += 1
        if done.stdout == "done\n":
            break
    assert steps > 3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"format_version": "1"}', b'{"format_version": 1}',
        b'{"format_version": 1, "tokens": [1]}', b'{"format_version": 1, "tokens": [{"name": "x"}]}', b"\xff",
        b'{"format_version": 1, "tokens": [{"name": "x", "role": "king", "created": "2026-11-27T00:00:00+00:00",'
        b' "expires": null, "sha256": "0"}]}',
        b'{"format_version": 1, "tokens": [{"name": "x", "role": "read", "created": "2026-11-27T00:00:00",'
        b' "expires": null, "sha256": "0"}]}',
        b'{"format_version": 2, "tokens": []}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_never_taken_for_none_nor_written_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "access/tokens.json"
    file.parent.mkdir()
    file.write_bytes(content)
    tokens = Tokens(tmp_path)
    for ask in (
        tokens.every,
        lambda: tokens.recognised("bep_x", NOW),
        lambda: tokens.create("x", Role.READ, NOW, None),
        lambda: tokens.revoke("x"),
    ):
        with pytest.raises(Refused, match=r"tokens\.json"):
            ask()
    assert file.read_bytes() == content


def test_secrets_are_told_once_and_kept_nowhere(applied: Workspace) -> None:
    done = applied.bep("token", "create", "--name", "ci", "--role", "invoke", "--expires", "12h")
    secret = done.stdout.strip()
    assert secret.startswith("bep_")
    assert secret not in done.stderr
    assert "ci may start, follow and stop jobs" in done.stderr
    for path in (applied.folder / ".bep").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert secret not in applied.bep("token", "list", "-o", "json").stdout


@pytest.mark.parametrize("shared", ["", "group"])
def test_they_are_their_owners_alone_even_in_a_workspace_that_a_group_shares(applied: Workspace, shared: str) -> None:
    if shared:
        applied.edit("bep.yml", "{local: {", "{local: {shared: group, ")
    applied.bep("token", "create", "--name", "ci", "--role", "invoke")
    applied.bep("token", "create", "--name", "me", "--role", "read")
    folder = applied.folder / ".bep/access"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "tokens.json").stat().st_mode & 0o777 == 0o600
    assert (folder / "audit.jsonl").stat().st_mode & 0o777 == 0o600
    folder.chmod(0o755)
    applied.bep("token", "revoke", "me")
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "a/b", "ä", "x" * 65, "a\n", "\x1b[2J", "../x"])
def test_a_name_is_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="no name for a token"):
        Tokens(tmp_path).create(name, Role.READ, NOW, None)


def test_expired_ones_open_nothing_are_listed_and_give_way(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    end = NOW + timedelta(hours=1)
    secret = tokens.create("ci", Role.READ, NOW, end)
    assert tokens.recognised(secret, end - timedelta(seconds=1)) is not None
    assert tokens.recognised(secret, end) is None
    assert [one.name for one in tokens.every()] == ["ci"]
    with pytest.raises(Refused, match="already"):
        tokens.create("ci", Role.READ, NOW, None)
    tokens.create("ci", Role.ADMIN, end, None)
    assert [(one.name, one.role) for one in tokens.every()] == [("ci", Role.ADMIN)]
    with pytest.raises(NotFound) as caught:
        tokens.revoke("cl")
    assert caught.value.nearest == ("ci",)


def test_whatever_is_sent_is_no_token(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    secret = tokens.create("ci", Role.READ, NOW, None)
    digest = tokens.every()[0].digest
    for wrong in ("", "x" * (LONGEST + 1), "\ud800", "\0", digest, secret[:-1], secret + "x", secret.upper()):
        assert tokens.recognised(wrong, NOW) is None


@pytest.mark.parametrize(("words", "length"), [("30d", 30 * 86400), ("12h", 43200), ("90m", 5400)])
def test_times_in_words(words: str, length: int) -> None:
    now, end = expiry(words)
    assert end is not None
    assert end - now == timedelta(seconds=length)
    assert expiry("never")[1] is None


@pytest.mark.parametrize("words", ["", "0d", "30", "d", "-1d", "1.5d", "30 d", "30D", "1w", "9999999d", "٣d"])
def test_other_words_are_no_time(words: str) -> None:
    with pytest.raises(Refused, match="write 30d, 12h, 90m or never"):
        expiry(words)


def test_many_at_once_lose_no_token(applied: Workspace) -> None:
    names = [f"t{number}" for number in range(6)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bep", "token", "create", "--name", name, "--role", "read"],
            cwd=applied.folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for name in names
    ]  # fmt: skip
    assert [process.wait(60) for process in processes] == [0] * 6
    assert [row["name"] for row in json.loads(applied.bep("token", "list", "-o", "json").stdout)] == names


def lines(path: Path) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{") and line.endswith("}")]


def test_the_audit_log_goes_on_after_half_a_line(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    mark = audit.asked(NOW, who="ci", role="invoke", address="::1", what="POST /x")
    audit.path.write_bytes(audit.path.read_bytes() + b'{"at": "2026')
    audit.answered(NOW, mark, 201, "ci")
    assert [(one["event"], one["id"]) for one in lines(audit.path)] == [("asked", mark), ("answered", mark)]


def test_only_many_failures_from_one_place_are_too_many() -> None:
    failed = FailedAttempts()
    assert [failed.add("10.0.0.1", second) for second in range(MOST)] == [None] * MOST
    assert failed.add("10.0.0.2", MOST) is None
    assert failed.add("10.0.0.1", MOST) == SECONDS - MOST
    assert failed.add("10.0.0.1", MOST + SECONDS * 2) is None
    for number in range(MOST):
        assert failed.add(f"2001:db8::{number:x}", 0) is None
    assert failed.add("2001:db8::ffff", 1) is not None  # one host may have all of these
    assert failed.add("2001:db8:0:1::1", 1) is None
    assert failed.add("::ffff:10.9.9.9", 1) is None
    assert failed.add("no address", 1) is None


def test_however_many_addresses_fail_they_are_not_all_kept_in_mind() -> None:
    failed = FailedAttempts()
    for number in range(20_000):
        failed.add(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", number / 1000)
    assert len(failed._times) == 10_000
