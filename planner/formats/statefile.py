"""State as text and back. Refuses whatever bep did not write, as a whole, with one reason. Opens no file.

The text is the canonical form of the state, an entry a line, with one member more: the digest of
the text without that member. So a single changed character is noticed.
"""

import hashlib
import json
import re
from typing import Any

from bep.lazy_patterns import lazy_pattern
from bep.planner.canonical import canonical
from bep.planner.state import FORMAT_VERSION, UNUSED, State
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.kinds.kind import is_kind
from bep.schemas.values.written import Invalid

DIGEST = lazy_pattern(r'"digest":"(sha256:[0-9a-f]{64})",\n')
_FORMAT = lazy_pattern(r'^"format_version":([0-9]+),$', re.MULTILINE)  # in a line of its own: in none of the entries
_ENTRY = lazy_pattern(r'^"[^"]+":\{"address":', re.MULTILINE)


class StateDamaged(Exception):
    """The text is no state that can be trusted. `reason` is one sentence without the file's name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def encode(state: State) -> str:
    """The text of a state; `state.schema.json` describes it."""
    members = state.model_dump(mode="json")
    for entry in members["entries"].values():
        if entry[UNUSED] is None:
            del entry[UNUSED]
    return text_of(members)


def text_of(members: dict[str, Any]) -> str:
    """The text of a state of any format, from its members without a digest."""
    entries = ",\n".join(f"{canonical(name)}:{canonical(entry)}" for name, entry in sorted(members["entries"].items()))
    lines = [f"{canonical(name)}:{canonical(value)}" for name, value in sorted({**members, "entries": {}}.items())]
    lines = ['"entries":{\n' + entries + "\n}" if line == '"entries":{}' else line for line in lines]
    before, after = "{\n" + ",\n".join(lines[:2]) + ",\n", ",\n".join(lines[2:]) + "\n}\n"
    digest = hashlib.sha256((before + after).encode()).hexdigest()
    return f'{before}"digest":"sha256:{digest}",\n{after}'


def decode(text: str) -> State:
    """The state in a text, as one of today's format. Raises `StateDamaged`; an empty text is damage, never no state."""
    found = DIGEST.search(text)
    if found is None:
        raise StateDamaged(_why_not(text))
    body = text[: found.start()] + text[found.end() :]
    if hashlib.sha256(body.encode(errors="surrogateescape")).hexdigest() != found.group(1).removeprefix("sha256:"):
        raise StateDamaged(_why_not(text))
    try:
        state = State.model_validate_json(body)
    except Invalid as problem:
        said = f"{problem.where}: {problem.reason}" if problem.where else problem.reason
        raise StateDamaged(_why_not(text, said)) from None
    if state.format_version > FORMAT_VERSION:
        raise StateDamaged(_why_not(text))
    _check_entries(state, body)
    return state if state.format_version == FORMAT_VERSION else _brought_up_to_date(state)


def _check_entries(state: State, body: str) -> None:
    """Refuse entries that contradict their own names."""
    if len(_ENTRY.findall(body)) != len(state.entries):
        _check_names(body)
    for name, entry in state.entries.items():
        if entry.address != name:
            raise StateDamaged(f"its entry {name!r} says that it is {entry.address!r}")
        if not names_of(name) or not all(names_of(name)):
            raise StateDamaged(f"its entry {name!r} is of no resource: an address is KIND/NAME")


def format_of(text: str) -> int:
    """The format that a text which `decode` takes was written in."""
    found = _FORMAT.search(text)
    return int(found.group(1) if found else json.loads(text)["format_version"])


def _brought_up_to_date(state: State) -> State:
    """The state as today's format has it. Format 1 lacks only what has a default that is true of it."""
    return state.model_copy(update={"format_version": FORMAT_VERSION})


def _check_names(body: str) -> None:
    """Refuse what says one thing twice: a reader of JSON takes the last and forgets the others."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise StateDamaged(f"it has {next(name for name in names if names.count(name) > 1)!r} twice")
        return found

    json.loads(body, object_pairs_hook=once)


def unknown_kinds(state: State) -> list[Address]:
    """The entries of kinds that this bep does not have: another version made them, or a hand."""
    return [address for address in state.entries if not is_kind(kind_of(address))]


def _why_not(text: str, otherwise: str = "it was edited since bep wrote it: its digest does not match") -> str:
    """The likeliest reason why a text is refused; looked for only once it is."""
    if not text.strip("\0 \t\r\n"):
        return "it is empty"
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return f"it is cut short or broken: {problem}"
    if not isinstance(found, dict) or "lineage" not in found:
        return "it is JSON, but not a state of bep"
    version = found.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        from bep.planner.formats.versions import newer

        return newer(found, FORMAT_VERSION)
    return otherwise
