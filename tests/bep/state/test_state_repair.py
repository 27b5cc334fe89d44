"""Damaged stored bytes are found by what is in them, and put back from the specs' files; traffic stays."""

import json
import os
from pathlib import Path

from bep.disk.copying import digest
from tests.bep.conftest import Workspace


def place_of(workspace: Workspace, name: str) -> Path:
    sha256 = digest(workspace.folder / name)
    return workspace.folder / ".bep/cloud/content" / sha256[:2] / sha256[2:]


def forge(place: Path) -> None:
    """Other bytes, as many, with the times put back."""
    times = place.stat()
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().swapcase())
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_what_the_specs_still_have_is_put_back_and_nothing_else_changes(applied: Workspace) -> None:
    assert "intact" in applied.bep("state", "repair").stdout
    before = applied.bep("state", "pull").stdout
    forge(place_of(applied, "model/letters.txt"))
    place_of(applied, "code/score.py").unlink()
    said = applied.bep("state", "repair", "--dry-run", expect=5).stdout
    assert "model/alphabet/1: letters.txt was changed" in said
    assert "would be put back from model/letters.txt" in said
    assert "deployment/letters/blue: score.py is gone" in said
    found = json.loads(applied.bep("state", "repair", "--json").stdout)["damaged"]
    assert {one["what"]: one["repaired"] for one in found} == {"changed": True, "gone": True}
    assert applied.bep("state", "pull").stdout == before
    applied.bep("run", "job.yml")


def test_what_no_file_has_any_more_is_named_with_where_it_belongs(applied: Workspace) -> None:
    place = place_of(applied, "model/letters.txt")
    was = place.read_bytes()
    forge(place)
    (applied.folder / "model/letters.txt").write_text("another")
    done = applied.bep("state", "repair", expect=5)
    assert "no file of the specs has these bytes" in done.stdout
    assert str(place.relative_to(applied.folder)) in done.stdout
    place.write_bytes(was)
    applied.bep("state", "repair")
