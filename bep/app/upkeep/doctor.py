"""What may be in the way of a workspace on this machine: every check of bep, its world and its state's place, at once.

One that fails hides no other. Knows no world by name and changes nothing.
"""

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from bep import __version__
from bep.app.failures import failure_of
from bep.app.queue.place import file_of
from bep.distribution import EXTRAS, install, lacking
from bep.providers.check import Check as Check
from bep.providers.check import Probe, Verdict, ok, problem, skipped, warning
from bep.providers.folder_check import folder_check
from bep.schemas.address import names_of
from bep.schemas.findings.finding import SpecInvalid, errors
from bep.schemas.fixes import parted
from bep.schemas.next_step import step
from bep.schemas.secrets.recognising import redacted
from bep.schemas.workspace.stages import HOME
from bep.schemas.workspace.workspace import FILE

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.schemas.address import Address
    from bep.schemas.resource import Resource

_ENOUGH: Final = 256 << 20
"""Bytes that jobs' records, downloads and a store of contents soon take."""
_SPECS: Final = "specs"
_LINE: Final = "jobs in line"


def checks(opened: "Reading") -> tuple[Check, ...]:
    """Everything that can be looked at; without a bep.yml, this machine alone. Raises nothing for what is broken."""
    return tuple(_without_secrets(one) for name, probe in _probes(opened) for one in _looked(name, probe))


def is_well(found: tuple[Check, ...]) -> bool:
    """Whether nothing is in the way."""
    return all(one.verdict is not Verdict.PROBLEM for one in found)


def _probes(opened: "Reading") -> Iterator[tuple[str, Probe]]:
    yield "bep", _program
    yield "extras", _extras
    yield "workspace", partial(_workspace, opened)
    yield "workspace's folder", lambda: [folder_check("workspace's folder", (opened.root / HOME,), enough=_ENOUGH)]
    if _is_workspace(opened):
        yield _SPECS, partial(_specs, opened)
        yield "state", partial(_state, opened)
        yield "lock", partial(_lock, opened)
        yield _LINE, partial(_line, opened)
        yield from _of("Ray clusters", lambda: _clusters(opened))
        yield from _of("state's place", lambda: opened.store.place.checks())
    yield from _of("world", lambda: opened.keyless_world.checks(_resources(opened)))


def _of(name: str, known: Callable[[], Mapping[str, Probe]]) -> Iterator[tuple[str, Probe]]:
    """The checks that somebody knows; where there are none to be had, one that says why."""
    try:
        yield from known().items()
    except Exception as error:
        yield name, partial(_raise, error)


def _raise(error: Exception) -> Iterator[Check]:
    raise error


def _looked(name: str, probe: Probe) -> Iterator[Check]:
    """What a check found; what stood in its way is what it found, whatever that is."""
    try:
        yield from probe()
    except SpecInvalid as error:
        if name == _SPECS:
            yield _failed(name, error)
        else:
            yield skipped(name, f"{FILE} has errors", f"see what is said of the {_SPECS}")
    except Exception as error:
        yield _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    failure = failure_of(error)
    if failure is None:
        return problem(name, f"it could not be looked at: {type(error).__name__}: {error}".rstrip(": "))
    message, fix = parted(failure.message)
    fix = fix or " ".join(str(one) for one in failure.next if str(one) not in message)
    return problem(name, message, fix, *failure.next)


def _without_secrets(one: Check) -> Check:
    return Check(one.name, one.verdict, redacted(one.found), redacted(one.fix), one.next)


def _program() -> Iterator[Check]:
    yield ok("bep", f"{__version__}, Python {platform.python_version()} at {sys.executable}, on {sys.platform}")


def _extras() -> Iterator[Check]:
    for name, (_, use) in EXTRAS.items():
        if missing := lacking(name):
            yield skipped(f"extra {name}", f"not installed ({', '.join(missing)}); {use} needs it", install(name))
        else:
            yield ok(f"extra {name}", f"installed, for {use}")


def _is_workspace(opened: "Reading") -> bool:
    return os.path.lexists(opened.root / FILE)


def _workspace(opened: "Reading") -> Iterator[Check]:
    if not _is_workspace(opened):
        begin = step("init")
        told = f"{opened.root} has no {FILE}: only this machine is looked at"
        yield skipped("workspace", told, f"{begin} begins one", begin)
        return
    found = opened.glanced
    stage = f", stage {found.stage}" if found.stage else ""
    yield ok("workspace", f"{opened.root}, provider {found.provider}{stage}")


def _specs(opened: "Reading") -> Iterator[Check]:
    loaded = opened.loaded
    wrong, validate = errors(loaded.findings), step("validate")
    if wrong:
        first = f"{len(wrong)} errors, the first: {wrong[0].message}" if len(wrong) > 1 else wrong[0].message
        yield problem(_SPECS, first, f"{validate} says where each is and how it is mended", validate)
    elif loaded.findings:
        found = f"{len(loaded.resources)} resources, {len(loaded.findings)} warnings"
        yield warning(_SPECS, found, f"{validate} shows them", validate)
    else:
        yield ok(_SPECS, f"{len(loaded.resources)} resources")


def _resources(opened: "Reading") -> "tuple[Resource, ...]":
    """Those of the specs as far as they can be read: what is wrong with them is a check of its own."""
    try:
        return tuple(opened.loaded.resources) if _is_workspace(opened) else ()
    except Exception:
        return ()


def _state(opened: "Reading") -> Iterator[Check]:
    store = opened.store
    stored, plan = store.load(), step("plan")
    if stored is None:
        yield ok("state", f"none yet at {store.path}")
    elif stored.pending and store.holder() is None:
        found = f"{store.path}: an apply was interrupted with {len(stored.pending)} changes under way"
        yield warning("state", found, f"{plan} looks after them", plan)
    elif stored.notes:
        yield warning("state", f"{store.path}: {'; '.join(stored.notes)}")
    else:
        yield ok("state", f"{store.path}, serial {stored.state.serial}, {len(stored.state.entries)} resources")


def _line(opened: "Reading") -> Iterator[Check]:
    """The jobs that wait for instances; nothing where none ever has."""
    if not file_of(opened.home).exists():
        return
    from bep.app.access.servers import running_server
    from bep.app.queue.queue import Queue

    tickets = Queue(opened.home).tickets()
    orders = [one.job for one in tickets if one.is_order and not one.host]
    if orders and running_server(opened) is None:
        serve = step("serve")
        found = f"{len(orders)} ordered, {orders[0]} the first, and no server runs here that would start them"
        yield warning(_LINE, found, f"{serve} starts them", serve)
    else:
        yield ok(_LINE, f"{len(tickets)}")


def _clusters(opened: "Reading") -> Mapping[str, Probe]:
    """One check for each compute that is a Ray cluster, as it is applied on this machine."""
    from bep.app.jobs.requests.clusters import is_cluster
    from bep.providers.worlds import SERVING

    if opened.glanced.provider in SERVING:
        return {}
    there = opened.keyless_world.objects.list("compute")
    found = {address: one.attributes for address, one in there.items() if is_cluster(one.attributes)}
    return {f"cluster {names_of(address)[0]}": partial(_cluster, opened, address) for address in found}


def _cluster(opened: "Reading", address: "Address") -> Iterator[Check]:
    """Whether a job of this machine would come in, and its results out."""
    from bep.app.jobs.requests.clusters import cluster_at
    from bep.app.jobs.requests.reaching import troubles, way_in

    name = f"cluster {names_of(address)[0]}"
    cluster = cluster_at(opened, opened.keyless_world.objects.read([address])[address].attributes)
    wrong = list(troubles(opened, cluster, address))
    for one in wrong:
        yield problem(name, one.message, one.fix)
    if not wrong:
        yield ok(name, f"by {way_in(cluster)}; {cluster.share} can be written to")


def _lock(opened: "Reading") -> Iterator[Check]:
    holder = opened.store.holder()
    if holder is None:
        yield ok("lock", "held by nobody")
        return
    unlock = step("unlock", holder.id)
    yield warning(
        "lock", str(holder), f"wait until it has ended; if you are sure that it no longer runs: {unlock}", unlock
    )
