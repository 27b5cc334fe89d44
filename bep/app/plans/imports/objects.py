"""Objects that exist, made part of a workspace: found, written as YAML, taken into state. Prints nothing."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused, WorldFailed
from bep.app.plans.adopting_state import remember, state_only, take
from bep.app.plans.imports.declaring import Found, yaml_of
from bep.app.upkeep.state_editing import editing
from bep.app.workspace.short_names import one_named
from bep.app.workspace.specs import specs_of
from bep.disk.durable import create_durably
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Writing
    from bep.planner.plan import Plan, PlanFinding


def found_in_world(opened: "Reading", names: Sequence[str]) -> list[Found]:
    """The objects of these addresses. Raises `DomainError` for one that is not there, or is in state already."""
    from bep.schemas.kinds.kind import is_kind, kind_names

    declared = {resource.address for resource in specs_of(opened).resources}
    wanted, known = {_address(opened, name): name for name in names}, known_of(opened)
    for address, name in wanted.items():
        if not is_kind(kind_of(address)) or not names_of(address):
            raise Refused(f"{name!r} is not an address: KIND/NAME, with a kind of {', '.join(kind_names())}")
        if address in known:
            look = step("show", address)
            raise Refused(f"{address} is in the state already: {look} shows it", next=(look,))
    there, found = opened.provider.read(wanted), []
    for address in wanted:
        observed = there.get(address)
        if observed is None:
            raise WorldFailed(f"{opened.provider.name} has no {address}{_near(opened, address)}")
        if observed.condition != "ready":
            why = observed.why and f" ({observed.why})"
            raise WorldFailed(f"{address} is {observed.condition}{why}: only what is ready can be imported")
        found.append(Found(address, observed, address in declared))
    return found


def _address(opened: "Reading", name: str) -> Address:
    """The address itself, or the one that a short name means: of what is not in the state, else of all there is."""
    from bep.schemas.kinds.kind import is_kind, kind_names

    if is_kind(kind_of(Address(name))) and names_of(Address(name)):
        return Address(name)
    there = [address for kind in kind_names() for address in opened.provider.list(kind)]
    known = known_of(opened)
    new = [address for address in there if address not in known]
    return one_named(one_named(name, new), there)


def known_of(opened: "Reading") -> set[Address]:
    """What the state has of the specs' own: what somebody made through the server is still to be taken over."""
    return {address for address, entry in opened.state.entries.items() if not entry.is_made_beside}


def not_in_state(opened: "Reading", kinds: Sequence[str]) -> list[Found]:
    """Whatever the world has and the state has not, of these kinds or of all. Raises `Refused` for no kind."""
    from bep.schemas.kinds.kind import is_kind, kind_names

    if wrong := [kind for kind in kinds if not is_kind(kind)]:
        raise Refused(f"{wrong[0]!r} is not a kind: there are {', '.join(kind_names())}")
    declared = {resource.address for resource in specs_of(opened).resources}
    there = [address for kind in kinds or kind_names() for address in opened.provider.list(kind)]
    known = known_of(opened)
    # What exists always, such as the default datastore, is listed and nobody's to look after: it cannot be read.
    observed = opened.provider.read([address for address in there if address not in known])
    return [Found(address, observed[address], address in declared) for address in there if address in observed]


def _near(opened: "Reading", address: Address) -> str:
    there = list(opened.provider.list(kind_of(address)))
    if address in there:
        return " for bep to look after: it always exists and need not be declared"
    near = get_close_matches(address, there, 3, 0.4) or there[:5]
    return f"\n    fix: there is {', '.join(near)}" if near else f"; it has no {kind_of(address)} at all"


@dataclass(frozen=True)
class Taken:
    """What was taken into the state. `undeclared` is what no spec declared before, `file` where its YAML was written,
    `yaml` the text of what none declares still, where it was written nowhere."""

    found: tuple[Found, ...]
    undeclared: tuple[Found, ...]
    file: Path | None
    yaml: str


class ImportRefused(Refused):
    """Findings stand against taking it over; nothing was taken."""

    def __init__(self, findings: "Sequence[PlanFinding]") -> None:
        super().__init__("nothing was taken into the state")
        self.findings = tuple(findings)


def take_over(opened: "Writing", names: Sequence[str], file: Path | None, say: Callable[[str], None]) -> Taken:
    """Find, write the YAML of what no spec declares into `file`, if that is named, and then take all into the state.

    Raises `DomainError` for an object that is not there, `ImportRefused` where findings stand against it.
    """
    from bep.app.workspace.opening import Opened
    from bep.app.workspace.write_access import must_write

    must_write(opened)
    found = found_in_world(opened, names)
    undeclared = [one for one in found if not one.declared]
    if undeclared and file is not None:
        write_specs(opened, undeclared, file)
        opened = Opened(opened.root, opened.source)
        found = found_in_world(opened, names)
    plan = plan_for(opened, found)
    if plan is not None and plan.blocking:
        raise ImportRefused(plan.blocking)
    left = [one for one in found if not one.declared]
    text = yaml_of(opened, left, opened.root) if left and file is None else ""
    take_into_state(opened, found, plan, say)
    return Taken(tuple(found), tuple(undeclared), file if undeclared else None, text)


def chosen_of_all(
    opened: "Reading", kinds: Sequence[str], *, with_undeclared: bool
) -> tuple[list[Address], list[Address]]:
    """What to take over of all that exists and is not in the state, and what is left alone as no spec declares it."""
    found = not_in_state(opened, kinds)
    chosen = [one.address for one in found if one.declared or with_undeclared]
    return chosen, [one.address for one in found if one.address not in chosen]


def take_into_state(opened: "Writing", found: Sequence[Found], plan: "Plan | None", say: Callable[[str], None]) -> None:
    """Take them all into state under its lock: the declared by `plan`, the others as they are, protected."""
    opened.keep_state()
    with editing(opened, "import", say) as session:
        if plan is not None:
            remember(opened, plan, session)
        undeclared = [one.address for one in found if not one.declared]
        if undeclared:
            take(opened, undeclared, session)


def plan_for(opened: "Reading", found: Iterable[Found]) -> "Plan | None":
    """What state has to learn of the declared ones, with what stands against it. None where none is declared."""
    declared = [one.address for one in found if one.declared]
    return state_only(opened, declared, imports=declared) if declared else None


def write_specs(opened: "Reading", found: Iterable[Found], file: Path) -> None:
    """Write what declares these objects into a new file, whole or not at all. Raises `Refused` where one is there.

    The bytes that it names are in place before it is.
    """
    _must_be_new(file)
    try:
        create_durably(file, yaml_of(opened, found, file.resolve().parent).encode(), mode=0o666)
    except FileExistsError:
        _must_be_new(file)
        raise


def _must_be_new(file: Path) -> None:
    if file.exists():
        raise Refused(f"{file} is there already, and is not overwritten\n    fix: name another file")
