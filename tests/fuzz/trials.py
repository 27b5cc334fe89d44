"""What is tried: a file of the workspace in another form, and the commands that read it."""

import hashlib
import json
import random
from binascii import crc32
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bep.runner.worker import wire
from tests.fuzz.documents import BASES, WRONG, file_of, variants

Command = tuple[str, ...]
Way = Callable[[bytes, random.Random], tuple[bytes, str]]

SPECS: Sequence[Command] = (("validate",), ("plan",), ("apply", "--auto-approve"))
JOB: Sequence[Command] = (("run", "job.yml", "--dry-run"),)
STATE: Sequence[Command] = (("state", "list"), ("state", "show", "compute/cpu-cluster"), ("show",), ("plan",))
FLOW: Sequence[Command] = (*SPECS, ("run", "job.yml", "--deployment", "flowing", "--dry-run"))
PLAN: Sequence[Command] = (("show", "kept.plan"), ("apply", "kept.plan", "--auto-approve"))
ENV = ("--env", "FAIL=")


@dataclass(frozen=True)
class Trial:
    """A file of the workspace with other bytes, and the commands that are run with it. `words` say what was done."""

    words: str
    file: str
    content: bytes
    commands: Sequence[Command]


def commands_on(job: str) -> Sequence[Command]:
    """What can be asked about a job, and the going on with it."""
    asked = [("job", verb, job) for verb in ("show", "report", "logs", "stream")]
    copied = ("job", "download", job, "--path", "copied")
    return (("job", "list"), *asked, copied, ("job", "resume", job, *ENV), ("job", "retry", job, *ENV))


def documents() -> Iterator[Trial]:
    """Every field of every schema, wrong in every way; and those of conda files and of MLmodel."""
    for name in BASES:
        commands = JOB if name == "job" else SPECS
        for words, document in variants(name):
            yield Trial(words, file_of(name), json.dumps(document).encode(), commands)
    for words, document in variants("conda"):
        inline = {**BASES["environment"], "conda_file": document}
        yield Trial(f"{words}, inline", file_of("environment"), json.dumps(inline).encode(), SPECS)
        yield Trial(f"{words}, of a model", "flow/conda.yaml", json.dumps(document).encode(), FLOW)
    for words, value in WRONG.items():
        for field in ("flavors", "signature"):
            yield Trial(f"MLmodel: {field} is {words}", "flow/MLmodel", json.dumps({field: value}).encode(), FLOW)


def damages(folder: Path, chance: random.Random) -> Iterator[Trial]:
    """Without end: a file that a user or bep wrote, with some of its bytes or of its values made wrong."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and _is_read(path.relative_to(folder)))
    kept = [(str(path.relative_to(folder)), path.read_bytes()) for path in found]
    while True:
        name, content = chance.choice(kept)
        ways = [_bytes, _sealed(name) or _bytes, _value if _is_json(content) else _bytes]
        changed, words = chance.choice(ways)(content, chance)
        yield Trial(f"{name}: {words}", name, changed, _readers(name))


def _is_read(path: Path) -> bool:
    """Whether some command reads a file as text or records; stored bytes are compared with their checksums."""
    kept = ("job.json", "journal", "manifest", "failed_items", "state.json", ".journal", ".rows", ".columns", ".header")
    written = (".yml", ".yaml", ".json", "MLmodel", ".txt", ".py", ".plan")
    return any(word in path.name for word in kept if ".bep" in path.parts) or (
        ".bep" not in path.parts and path.name.endswith(written)
    )


def _readers(name: str) -> Sequence[Command]:
    if name.startswith(".bep/jobs/"):
        return commands_on(name.split("/")[2])
    if name.startswith(".bep/state.json"):
        return STATE
    if name.startswith("flow/"):
        return FLOW
    return PLAN if name == "kept.plan" else JOB if name == "job.yml" else SPECS


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict | list)
    except ValueError:
        return False


def _bytes(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Bytes flipped, cut, doubled or put in."""
    whole = bytearray(content)
    place = chance.randrange(len(whole) + 1)
    match chance.choice(("flip", "cut", "empty", "twice", "zeros", "junk")):
        case "flip" if whole:
            place = min(place, len(whole) - 1)
            whole[place] ^= 1 << chance.randrange(8)
            return bytes(whole), f"a bit of byte {place} flipped"
        case "cut":
            return bytes(whole[:place]), f"cut after {place} bytes"
        case "twice":
            return bytes(whole + whole), "written twice"
        case "zeros":
            end = min(len(whole), place + chance.choice((1, 8, 512)))
            return bytes(whole[:place] + bytes(end - place) + whole[end:]), f"zeros from {place} to {end}"
        case "junk":
            junk = chance.choice((b"\xff", b"\0", b"{}", b"\n\n", b"null", b'"', b"\xc3", b"\x1b[2J", b"9" * 400))
            return bytes(whole[:place] + junk + whole[place:]), f"{junk!r} put in at {place}"
    return b"", "empty"


def _sealed(name: str) -> "Way | None":
    """How a file is changed and its checksum made anew, so that its reader comes to look at what it vouches for."""
    if name == ".bep/state.json" or name.startswith(".bep/state.json.backups/"):
        return _state
    if name.endswith(("/journal", "state.json.journal")):
        return _lines
    return _records if name.endswith(".journal") and "/parts/" in name else None


def _state(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    changed, words = _value(content, chance)
    state = json.loads(changed)
    if isinstance(state, dict):
        state.pop("digest", None)
    text = json.dumps(state, sort_keys=True, indent=None, separators=(",\n", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"digest":"sha256:{digest}",\n{text[1:]}'.encode(), f"{words}, vouched for"


def _lines(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    lines = content.splitlines() or [b"00000000 {}"]
    text = chance.choice((b"", b"{}", b"[]", b"null", _value(lines[-1][9:], chance)[0]))
    return b"\n".join((*lines[:-1], b"%08x %s" % (crc32(text), text), b"")), f"a line {text[:40]!r}, vouched for"


def _records(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    if len(content) < wire.RECORD:
        return b"\0" * wire.RECORD, "a record of zeros"
    body, words = _bytes(content[: wire.BODY.size], chance)
    body = body[: wire.BODY.size].ljust(wire.BODY.size, b"\0")
    return body + wire.CHECK.pack(crc32(body)) + content[wire.RECORD :], f"{words}, vouched for"


def _value(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """One value of a JSON text is another, or is gone; a digest that vouches for it is made anew by nobody."""
    root = json.loads(content)
    places: list[tuple[dict[str, object] | list[object], str | int]] = list(_places(root))
    if not places:
        return b"[]", "a list"
    around, step = chance.choice(places)
    words = chance.choice((*WRONG, "gone"))
    if words == "gone":
        del around[step]  # type: ignore[arg-type]
    else:
        around[step] = WRONG[words]  # type: ignore[index]
    return json.dumps(root).encode(), f"{step!r} is {words}"


def _places(node: object) -> Iterator[tuple[dict[str, object] | list[object], str | int]]:
    below: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(node, dict):
        below = iter(node.items())
    elif isinstance(node, list):
        below = iter(enumerate(node))
    for step, value in below:
        assert isinstance(node, dict | list)
        yield node, step
        yield from _places(value)
