"""The journal beside a state: what was about to be done, and what came of it, one checksummed line each. No file here.

A line is the CRC-32 of its JSON in eight hex digits, a space, the JSON, a line feed. The line is
written and synced before, or after, the call it speaks of; so only the last one can be torn.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from bep.lazy_dataclasses import dataclass
from bep.planner.formats.statefile import StateDamaged
from bep.planner.plan import Action
from bep.planner.state import UNUSED, Entry, State
from bep.schemas.address import Address
from bep.schemas.values.written import Written


class Intent(Written):
    """What is about to be done. `lineage` and `serial` are those of the snapshot the journal stands beside.

    `operation` is unique to this one call; the provider leaves it on what the call makes.
    `change` and `plan` are the id of the change and the digest of the plan it is of; `at` is a time as text.
    `by` is who asked for it beside the specs, through the server; then no plan tells of it, and `removes` says whether
    the object is to be gone.
    Where the world takes its time, the same intent is written once more with the `token` to go on with, before
    anybody waits.
    """

    record: Literal["intent"] = "intent"
    lineage: str
    serial: int
    operation: str
    address: Address
    action: Action
    change: str = ""
    plan: str = ""
    at: str = ""
    token: str = ""
    by: str = ""
    removes: bool = False


class Outcome(Written):
    """What came of the intent with this `operation`. Done with an entry: it is so now; done without: it is gone.

    Failed changes nothing in state; `error` says what the provider said.
    """

    record: Literal["outcome"] = "outcome"
    lineage: str
    serial: int
    operation: str
    address: Address
    status: Literal["done", "failed"]
    entry: Entry | None = None
    error: str = ""
    at: str = ""


_RARE: Final = ("token", "by", "removes")
"""Members of an intent that are left out where they say nothing."""
_RECORDS: Final[Mapping[str, type[Intent] | type[Outcome]]] = {"intent": Intent, "outcome": Outcome}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The records of a journal, and how many of its bytes are sound: cut there before anything is appended.

    `damaged` are the numbers of lines that are broken although others follow, from 1; `sound` is then the journal
    without them, to be written in its place.
    """

    records: tuple[Intent | Outcome, ...]
    length: int
    damaged: tuple[int, ...] = ()
    sound: bytes = b""


def encode(record: Intent | Outcome) -> bytes:
    """One line, line feed included."""
    unused = {name for name in _RARE if isinstance(record, Intent) and not getattr(record, name)}
    told = record.model_dump(mode="json", exclude=unused)
    if told.get("entry") and told["entry"][UNUSED] is None:
        del told["entry"][UNUSED]
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(data: bytes) -> Decoded:
    """Every record that is sound. A torn last line is left out, and so is one that is broken, which is told.

    A lost outcome leaves its intent open: the world tells what became of it. A lost intent that has an outcome is not
    needed; one that has none may have made an object that state does not know.
    """
    lines = data.split(b"\n")
    torn = lines.pop()  # what follows the last line feed: nothing, unless the write was cut
    records: list[Intent | Outcome] = []
    kept: list[bytes] = []
    damaged: list[int] = []
    for number, line in enumerate(lines, start=1):
        record = _record(line)
        if record is not None:
            records.append(record)
            kept.append(line + b"\n")
        elif number < len(lines) or torn:  # the last of all may be one that was cut
            damaged.append(number)
    return Decoded(tuple(records), sum(map(len, kept)), tuple(damaged), b"".join(kept) if damaged else b"")


def _record(line: bytes) -> Intent | Outcome | None:
    body = line[9:]
    if line[:9] != b"%08x " % zlib.crc32(body):
        return None
    try:
        text = body.decode()
        return _RECORDS[json.loads(text)["record"]].model_validate_json(text)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def fold(state: State, records: Iterable[Intent | Outcome]) -> tuple[State, tuple[Intent, ...]]:
    """The state once the records have happened to it, and the intents that nobody saw the end of, oldest first.

    Records of an earlier serial are in the snapshot already and are passed over, so folding twice
    is folding once. Serial and plans stay as they are: the store counts. Raises `StateDamaged` for
    a journal of another lineage or of a later serial than the snapshot's.
    """
    entries = dict(state.entries)
    pending: dict[str, Intent] = {}
    for record in records:
        if record.lineage != state.lineage:
            raise StateDamaged(f"its journal is of lineage {record.lineage}, the snapshot of {state.lineage}")
        if record.serial > state.serial:
            raise StateDamaged(f"its journal follows serial {record.serial}, but the snapshot is at {state.serial}")
        if record.serial < state.serial:
            continue
        if isinstance(record, Intent):
            pending[record.operation] = record
            continue
        pending.pop(record.operation, None)
        _happened(entries, record)
    return state.model_copy(update={"entries": entries}), tuple(pending.values())


def _happened(entries: dict[Address, Entry], outcome: Outcome) -> None:
    if outcome.status == "failed":
        return
    if outcome.entry is None:
        entries.pop(outcome.address, None)
    else:
        entries[outcome.address] = outcome.entry
