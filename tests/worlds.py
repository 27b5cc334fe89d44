"""Random worlds: kinds with drawn names, what is wanted of them over time, and an in-memory provider with moods."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from bep.planner.observed import Observed
from bep.planner.plan import Action, Change, Plan
from bep.planner.state import Entry, State
from bep.schemas.address import Address, address_of
from bep.schemas.kinds.kind import Kind, read_kind
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Lifecycle, Reference, Resource
from bep.schemas.secrets.secret import Secret, seal

KEY = "a key for tests"
EMPTY = State(lineage="tests", secret_key=KEY)
ROLES = ("base", "asset", "host", "part", "shift")


def kind_of_role(role: str, name: str, part: str) -> Kind:
    """A kind for one role in a world, under whatever name was drawn for it."""
    fields: dict[str, Any] = {
        "name": {"type": "string", "x-bep-immutable": True},
        "size": {"type": "integer"},
        "form": {"type": "string", "x-bep-immutable": True},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "zones": {"type": "array", "x-bep-set-like": True},
        "token": {"type": "string", "x-bep-sensitive": True},
        "path": {"type": "string", "x-bep-content": True},
        "stamp": {"type": "integer", "x-bep-server-filled": True},
    }
    if role == "shift":
        fields["split"] = {
            "type": "object",
            "propertyNames": {"x-bep-refers-to": part},
            "additionalProperties": {"type": "integer", "default": 0},
        }
    schema = {
        "x-bep-kind": name,
        "x-bep-identity": ["name"],
        "x-bep-summary": "{form} of {size}",
        "x-bep-registered": role == "asset",
        "x-bep-shift": role == "shift",
        "properties": fields,
    }
    return read_kind(json.dumps(schema))


@st.composite
def kind_sets(draw: st.DrawFn) -> dict[str, Kind]:
    """Kinds by role. Names are drawn, so that no order that is right by the alphabet's luck passes."""
    word = st.text("abcdefghij", min_size=1, max_size=3)
    names = draw(st.lists(word, min_size=len(ROLES), max_size=len(ROLES), unique=True))
    return {role: kind_of_role(role, name, names[3]) for role, name in zip(ROLES, names, strict=True)}


def resource(
    address: Address, references: Iterable[Address] = (), lifecycle: Lifecycle | None = None, **attributes: Any
) -> Resource:
    """A resource with these attributes; a `path` becomes content whose bytes are that very text."""
    references, contents = sorted(references), {}
    if references:
        attributes["refers"] = references
    if "path" in attributes:
        digest = hashlib.sha256(attributes["path"].encode()).hexdigest()
        contents["path"] = Content(attributes["path"], digest, {"file": digest}, "/somewhere")
        attributes["path"] = {"local": attributes["path"], "sha256": digest}
    return Resource(
        address,
        attributes,
        Mark("spec.yml", 1, 1),
        tuple(Reference(("refers", number), name) for number, name in enumerate(references)),
        contents,
        lifecycle or Lifecycle(),
    )


@st.composite
def some_attributes(draw: st.DrawFn) -> dict[str, Any]:
    """Attributes with an immutable field, an open map, a set and a secret, each there or not."""
    found: dict[str, Any] = {"size": draw(st.integers(0, 3)), "form": draw(st.sampled_from("xxxy"))}
    if draw(st.booleans()):
        found["tags"] = draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2))
    if draw(st.booleans()):
        found["zones"] = draw(st.permutations(["1", "2"]))
    if draw(st.integers(0, 3)) == 0:
        found["token"] = Secret(draw(st.sampled_from(["hush", "hushed"])))
    return found


@st.composite
def worlds(draw: st.DrawFn, kinds: Mapping[str, Kind]) -> list[Resource]:
    """What is wanted at one moment: every reference names something wanted as well."""
    kind = {role: found.name for role, found in kinds.items()}
    bases = [address_of(kind["base"], name) for name in draw(st.sets(st.sampled_from("pqr"), max_size=3))]
    assets = [address_of(kind["asset"], name, "1") for name in draw(st.sets(st.sampled_from("mn"), max_size=2))]
    hosts = [address_of(kind["host"], name) for name in draw(st.sets(st.sampled_from("ef"), max_size=2))]
    found = [resource(address, path=f"content of {address}", size=1) for address in assets]
    order = draw(st.permutations(bases))
    for number, address in enumerate(order):
        earlier = draw(st.sets(st.sampled_from(order[:number]), max_size=2)) if number else frozenset[Address]()
        found.append(resource(address, earlier, **draw(some_attributes())))
    found += [resource(address, **draw(some_attributes())) for address in hosts]
    for host in hosts:
        found += draw(_served(kinds, host, [*bases, *assets]))
    return found


@st.composite
def _served(draw: st.DrawFn, kinds: Mapping[str, Kind], host: Address, others: Sequence[Address]) -> list[Resource]:
    plain = host.partition("/")[2]
    chosen: set[str] = draw(st.sets(st.sampled_from("bgy"), max_size=3))
    names = sorted(chosen)
    parts = [address_of(kinds["part"].name, plain, name) for name in names]
    found = []
    for address in parts:
        used = draw(st.sets(st.sampled_from(others), max_size=2)) if others else frozenset[Address]()
        found.append(resource(address, {host, *used}, **draw(some_attributes())))
    with_traffic = draw(st.booleans())
    if names and with_traffic:
        fed = draw(st.sampled_from(names))
        target = address_of(kinds["part"].name, plain, fed)
        found.append(resource(address_of(kinds["shift"].name, plain), [host, target], split={fed: 100}))
    return found


class Refused(Exception):
    """The provider failed, as it was told to."""


@dataclass
class Memory:
    """A world in memory. It fills in fields of its own, checks versions, and refuses to leave a name dangling.

    `moods` says of each call, in turn, whether it works, fails before its effect, or fails after it.
    """

    objects: dict[Address, Observed] = field(default_factory=dict)
    references: dict[Address, tuple[Address, ...]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    moods: list[str] = field(default_factory=list)
    writes: int = 0

    def carry_out(self, change: Change, attributes: Mapping[str, Any], operation: str) -> Observed | None:
        """Do what the change says, with secrets readable in the attributes; None when it took something away."""
        self.calls.append(change.id)
        mood = self.moods.pop(0) if self.moods else "works"
        if mood == "fails before":
            raise Refused
        self._check(change)
        if change.after is None:
            self.objects.pop(change.address, None)
            self.references.pop(change.address, None)
        else:
            self._write(change, attributes, operation)
        if mood == "fails after":
            raise Refused
        return self.objects.get(change.address)

    def _check(self, change: Change) -> None:
        seen = self.objects.get(change.address)
        assert change.etag == (seen.etag if seen else None), f"{change.id} was planned for another version"
        if change.after is None:
            left = [name for name, named in self.references.items() if change.address in named]
            assert not left, f"{change.id} would leave {left} dangling"
        missing = [name for name in change.references if change.after is not None and name not in self.objects]
        assert not missing, f"{change.id} names {missing}, not there"

    def _write(self, change: Change, attributes: Mapping[str, Any], operation: str) -> None:
        self.writes += 1
        filled = {**seal(attributes, KEY), "stamp": self.writes, "filled": "by the service"}
        filled.pop("token", None)  # as real services do: what is secret goes in and never comes out
        self.objects[change.address] = Observed(filled, f"version {self.writes}", operation)
        self.references[change.address] = change.references

    def meddle(self, address: Address, edit: Callable[[dict[str, Any]], None]) -> None:
        """Someone else changes an object."""
        self.writes += 1
        attributes = json.loads(json.dumps(self.objects[address].attributes))
        edit(attributes)
        self.objects[address] = replace(self.objects[address], attributes=attributes, etag=f"version {self.writes}")

    def lose(self, address: Address) -> None:
        """Someone else removes an object."""
        del self.objects[address]
        self.references.pop(address, None)


def apply(plan: Plan, state: State, memory: Memory) -> State:
    """Carry a plan out, one change after another. Stops at the first refusal, and then sees what came of it."""
    done: set[str] = set()
    for number, change in enumerate(plan.changes):
        assert set(change.needs) <= done, f"{change.id} comes before what it needs"
        operation = f"{plan.digest} {number}"
        try:
            state = step(change, state, memory, operation)
        except Refused:
            state = _recovered(change, state, memory, operation)
            break
        done.add(change.id)
        assert_whole(state, memory)
    return state.model_copy(update={"serial": state.serial + 1})


def _recovered(change: Change, state: State, memory: Memory, operation: str) -> State:
    """The state after a look at the object of a change that was cut off: was it done after all?"""
    seen = memory.objects.get(change.address)
    entries = dict(state.entries)
    if seen is not None and seen.operation == operation:
        entries[change.address] = entry_of(change, seen)
    elif seen is None and change.after is None:
        entries.pop(change.address, None)
    return state.model_copy(update={"entries": entries})


def step(change: Change, state: State, memory: Memory, operation: str) -> State:
    entries = dict(state.entries)
    if change.action is Action.FORGET:
        del entries[change.address]
    elif change.action is Action.ADOPT:
        entries[change.address] = entry_of(change, memory.objects[change.address])
    elif change.action is Action.RETAIN:
        entries[change.address] = entries[change.address].model_copy(update={"retained": True})
    elif (made := memory.carry_out(change, change.after or {}, operation)) is None:
        del entries[change.address]
    else:
        entries[change.address] = entry_of(change, made)
    return state.model_copy(update={"entries": entries})


def entry_of(change: Change, made: Observed) -> Entry:
    """What is recorded of a change that was carried out."""
    return Entry(
        address=change.address,
        attributes=change.after or {},
        observed=made.attributes,
        etag=made.etag,
        references=change.references,
        contents=change.contents,
        guards=change.guards,
        applied_at="2026-01-01T00:00:00Z",
    )


def assert_whole(state: State, memory: Memory) -> None:
    """Nothing that exists names, in state, what is not in state."""
    for entry in (entry for address, entry in state.entries.items() if address in memory.objects):
        missing = [name for name in entry.references if name not in state.entries]
        assert not missing, f"{entry.address} names {missing}, not in state"
