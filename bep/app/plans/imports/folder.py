"""What exists, as a folder of specs that bep.yml lists and the state knows. Prints nothing.

The order is what makes a kill harmless: bytes and specs first, which nobody reads yet; then bep.yml; then the state.
Whoever is cut off in between asks again: what is there already and says the same is left as it is.
"""

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Conflict, Refused
from bep.app.plans.adopting_state import remember, state_only, take
from bep.app.plans.imports.declaring import Found
from bep.app.plans.imports.documents import NOTHING_YET, SpecsFolder, traffic_of
from bep.app.plans.imports.needed_by_endpoints import is_given, needed_by_endpoints
from bep.app.plans.imports.objects import ImportRefused, found_in_world, not_in_state, plan_for
from bep.app.upkeep.state_editing import editing
from bep.app.workspace.opening import Opened
from bep.app.workspace.overlay import Overlay
from bep.disk import locks
from bep.disk.durable import make_folder
from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.findings.finding import errors
from bep.schemas.secrets.secret import is_sealed
from bep.schemas.workspace.workspace import NOT_THERE

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs, Writing


@dataclass(frozen=True)
class Folder:
    """What was written and taken. `files` are new, relative to the workspace; `line` is what bep.yml has to list and
    does not, where it could not be told. `left_out` are objects that are not part of it, with why; `secrets` are
    environment variables that are not set and that the specs ask for; `unread` is what of an object nobody can read.
    """

    addresses: tuple[Address, ...]
    files: tuple[str, ...] = ()
    line: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def is_folder(out: Path) -> bool:
    """Whether a folder of specs is meant, and not a file of them."""
    return out.is_dir() or (not out.exists() and out.suffix not in (".yml", ".yaml"))


def take_over_folder(
    opened: "Writing", kinds: Sequence[str], folder: Path, say: Callable[[str], None], *, names: Sequence[str] = ()
) -> Folder:
    """Write what no spec declares into files of a folder, list them in bep.yml, and take all into the state.

    It is what is named, or all of the kinds; without either, endpoints, deployments and what they refer to. What the
    specs declare already is taken, too.
    Raises `DomainError`, `SpecInvalid`, and `ImportRefused` where findings stand against what is declared already;
    nothing is written then.
    """
    from bep.app.workspace.write_access import must_write

    inside = _inside(opened.root, folder)
    opened = _readable(opened, inside)
    must_write(opened)
    opened.keep_state()  # with the key that seals what is read from here on
    say(f"looking at what {opened.provider.name} has")
    if names:
        every = found_in_world(opened, names)
    else:
        every = not_in_state(opened, kinds) if kinds else needed_by_endpoints(opened)
    plan = plan_for(opened, [one for one in every if one.declared])
    if plan is not None and plan.blocking:
        raise ImportRefused(plan.blocking)
    if not every:
        return Folder(())
    with _alone(folder):
        return _carried_out(opened, every, SpecsFolder(opened, inside, say), say)


def _readable(opened: "Specs", inside: str) -> Opened:
    """The workspace, without asking for secrets; bep.yml may list the folder already, in which nothing is yet."""
    found = Opened(opened.root, replace(opened.source, offline=True))
    if any(one.code == NOT_THERE for one in errors(found.loaded.findings)):
        found = Opened(opened.root, found.source)
        found.files = Overlay(opened.root, {posixpath.join(inside, NOTHING_YET): b"# nothing yet\n"})
    return found


def _inside(root: Path, folder: Path) -> str:
    """The folder as bep.yml names it. Raises `Refused` for one that is outside of the workspace's."""
    try:
        found = Path(os.path.abspath(folder)).relative_to(os.path.abspath(root))  # noqa: PTH100 - links stay links
    except ValueError:
        raise Refused(f"{folder} is not in the folder of the workspace\n    fix: name one that is") from None
    return found.as_posix()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While nobody else imports into the same folder. Raises `Conflict`."""
    make_folder(folder)
    held = os.open(folder, os.O_RDONLY)
    try:
        if not locks.take(held):
            raise Conflict(f"{folder}: somebody else imports into it")
        yield
    finally:
        os.close(held)


def _carried_out(opened: "Specs", every: Sequence[Found], specs: SpecsFolder, say: Callable[[str], None]) -> Folder:
    candidates = [one for one in every if not one.declared and not is_given(one.address)]
    left_out: dict[str, str] = {one.address: why for one in candidates if (why := _inexpressible(one, candidates))}
    files = specs.fitting([one for one in candidates if one.address not in left_out])
    is_listed = specs.write(files)
    written = [one.found.address for file in files for one in file.documents]
    ours = {*written, *map(traffic_of, written)}
    taken = [one for one in every if one.declared or one.address in ours]
    if taken:
        say(f"taking {len(taken)} {'object' if len(taken) == 1 else 'objects'} into the state")
        _take(opened, taken, is_listed, say)
    return Folder(
        tuple(one.address for one in taken),
        tuple(file.name for file in files),
        "" if is_listed else specs.pattern,
        {**left_out, **specs.left_out},
        tuple(sorted({name for file in files for name in file.secrets} - opened.environment.keys())),
        {one.address: one.observed.unread for one in taken if one.observed.unread and not one.declared},
    )


def _inexpressible(one: Found, candidates: Sequence[Found]) -> str:
    """Why an object can be no document at all; empty where it may be one."""
    if one.observed.condition != "ready":
        why = one.observed.why and f" ({one.observed.why})"
        return f"it is {one.observed.condition}{why}, and only what is ready can be taken"
    endpoint = address_of("endpoint", *names_of(one.address))
    if kind_of(one.address) == "traffic" and all(other.address != endpoint for other in candidates):
        return "its endpoint has a spec: say `defaults: {deployment_name: ...}` there"
    return ""


def _take(opened: "Specs", found: Sequence[Found], is_listed: bool, say: Callable[[str], None]) -> None:
    """All into the state: by a plan what the specs ask; as it is what has a secret that nobody has set, and, under
    protection, what no spec declares.
    """
    planned = [one.address for one in found if one.declared or is_listed]
    undeclared = [one.address for one in found if not (one.declared or is_listed)]
    reading, sealed = Opened(opened.root, opened.source), list[Address]()
    if errors(reading.loaded.findings):
        reading = Opened(opened.root, replace(opened.source, offline=True))
        sealed = [one.address for one in found if is_listed and _has_sealed(one.observed.attributes)]
        planned = [address for address in planned if address not in sealed]
    plan = state_only(reading, planned, imports=planned) if planned else None
    with editing(reading, "import", say) as session:
        if plan is not None:
            remember(reading, plan, session)
        if sealed or undeclared:
            take(reading, [*sealed, *undeclared], session)


def _has_sealed(value: object) -> bool:
    if isinstance(value, Mapping):
        return is_sealed(value) or any(map(_has_sealed, value.values()))
    return isinstance(value, list) and any(map(_has_sealed, value))
