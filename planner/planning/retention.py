"""Registered versions that no spec declares any more: which stay in the registry, which go. Sees all of them; pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from bep.lazy_dataclasses import dataclass
from bep.planner.options import Options
from bep.planner.plan import UNDECLARED
from bep.planner.state import Entry
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.content import DIGITS
from bep.schemas.kinds.kind import Kind

KEPT_DIGESTS = 10
"""How many versions of one name are kept that only stand for bytes, where bep.yml does not say how many."""
_DIGEST = re.compile(f"[0-9a-f]{{{DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Retention:
    """Whether a version that left the specs stays in the registry, and why: `reason` is what a plan says."""

    stays: bool
    reason: str


def retentions(
    kinds: Mapping[str, Kind],
    entries: Mapping[Address, Entry],
    declared: Mapping[Address, Iterable[Address]],
    options: Options,
) -> dict[Address, Retention]:
    """What becomes of each registered version in state that is not declared. `declared` has the references by address.

    A version stays while the specs have another one of its name, or while something that stays refers to it: a
    declared resource, a retained version, an unfinished job, the plan that a rollback would take back. Once retained
    it stays for good, but for `registry: {keep: N}`. `removed:` and `bep destroy` delete it.
    """
    left = [name for name in entries if name not in declared and kinds[kind_of(name)].registered]
    left = [name for name in left if name not in options.removed and not entries[name].is_made_beside]
    if not left or options.destroy:
        return {}
    needed = _needed(left, entries, declared, options)
    siblings = {_name_of(address) for address in declared}
    why = {
        name: needed.get(name) or ("another version of it is declared" if _name_of(name) in siblings else "")
        for name in left
    }
    stay = {name: reason for name, reason in why.items() if reason or entries[name].retained}
    found = {name: Retention(True, f"{UNDECLARED}; {reason}") for name, reason in stay.items()}
    found |= {name: Retention(False, reason) for name, reason in _beyond(stay, needed, entries, options)}
    return found


def _needed(
    left: Iterable[Address],
    entries: Mapping[Address, Entry],
    declared: Mapping[Address, Iterable[Address]],
    options: Options,
) -> dict[Address, str]:
    """By address, who needs it; what a needed one refers to is needed as well."""
    users: dict[Address, str] = dict(options.in_use)
    made = {name: entry.references for name, entry in entries.items() if entry.is_made_beside}
    for user, references in (*declared.items(), *made.items()):
        for address in references:
            users.setdefault(address, f"{user} refers to it")
    left = set(left)
    waiting = [name for name in left if name in users or entries[name].retained]
    while waiting:
        here = waiting.pop()
        for address in entries[here].references:
            if address in left and address not in users:
                users[address] = f"{here} refers to it"
                waiting.append(address)
    return {name: users[name] for name in left if name in users}


def _beyond(
    stay: Mapping[Address, str], needed: Mapping[Address, str], entries: Mapping[Address, Entry], options: Options
) -> Iterable[tuple[Address, str]]:
    """Those that are more than bep.yml lets the registry keep, the oldest of each name; what is needed is never."""
    names: defaultdict[tuple[str, ...], list[Address]] = defaultdict(list)
    for address in stay:
        if address not in needed and (options.keep_versions is not None or _DIGEST.fullmatch(names_of(address)[-1])):
            names[_name_of(address)].append(address)
    most = KEPT_DIGESTS if options.keep_versions is None else options.keep_versions
    for versions in names.values():
        newest_first = sorted(versions, key=lambda address: (entries[address].applied_at, address), reverse=True)
        yield from (
            (address, f"{UNDECLARED}; the registry keeps {most} such versions") for address in newest_first[most:]
        )


def _name_of(address: Address) -> tuple[str, ...]:
    """The kind and the name, without the version."""
    return (kind_of(address), *names_of(address)[:-1])
