"""What is there: state and world side by side, as plain JSON values. Prints nothing."""

from typing import TYPE_CHECKING, Any

from bep.app.workspace.short_names import address_named
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.planner.state import Entry, State


LIST = step("state list")


def entry_of(state: "State", name: str) -> "Entry":
    """The entry of an address, or of the only one that a short name means. Raises `Refused`, `NotFound`."""
    return state.entries[address_named(name, state.entries, where="in the state", otherwise=LIST)]


def overview(opened: "Reading") -> list[dict[str, Any]]:
    """A row a resource: address, status in the world (see `_status`), summary, when applied."""
    from bep.planner.summarising import summary_of
    from bep.schemas.kinds.kind import load_kind

    observed = opened.provider.read(opened.state.entries)
    rows = []
    for address, entry in sorted(opened.state.entries.items()):
        seen = observed.get(address)
        status = _status(entry, seen)
        summary = summary_of(load_kind(kind_of(address)), entry.attributes)
        rows.append({"address": address, "status": status, "summary": summary, "applied_at": entry.applied_at})
    return rows


def _status(entry: "Entry", seen: "Observed | None") -> str:
    """In step, drifted, retained or gone; progressing or failed, where the world says that of it."""
    if seen is None:
        return "gone"
    if seen.condition != "ready":
        return str(seen.condition)
    if entry.retained:
        return "retained"
    return "in step" if seen.etag == entry.etag else "drifted"


def _of_an_endpoint(opened: "Reading", address: Address) -> dict[str, Any]:
    """What is asked of an endpoint first: its deployments, which of them has the traffic, and where it is called."""
    [name] = names_of(address)
    entries = opened.state.entries
    own = [one for one in entries if kind_of(one) == "deployment" and names_of(one)[0] == name]
    traffic = entries.get(address_of("traffic", name))
    seen = opened.provider.read(own)
    return {
        "deployments": [
            {"name": names_of(one)[1], "address": one, "status": _status(entries[one], seen.get(one))}
            for one in sorted(own)
        ],
        "traffic": dict(traffic.attributes.get("split", {})) if traffic else {},
        **_served(opened, name),
    }


def _served(opened: "Reading", endpoint: str) -> dict[str, str | None]:
    """The scoring URI, where a server of this workspace runs now; else why there is none."""
    from bep.app.access.addresses import scoring_uri
    from bep.app.access.servers import running_server

    address = running_server(opened)
    if address is None:
        return {
            "scoring_uri": None,
            "scoring_uri_reason": "no server of this workspace runs; jobs score here all the same",
        }
    return {"scoring_uri": scoring_uri(address, endpoint)}


def _of_an_mlflow_model(opened: "Reading", entry: "Entry") -> dict[str, Any]:
    """The flavors and the signature of a model that MLflow saved, where the world has its bytes."""
    from bep.schemas.environments.mlflow_models import MLMODEL, described

    record, contents = entry.contents.get("path"), opened.world.contents
    sha256 = record.files.get(MLMODEL) if record is not None else None
    if sha256 is None or contents is None:
        return {}
    try:
        return described(contents.place(sha256).read_bytes())
    except OSError:
        return {}  # that bytes are lost is said where they are needed


def detail(opened: "Reading", address: str) -> dict[str, Any]:
    """One resource: its attributes, what the provider reads now where that differs, its contents, when applied,
    and who changed it beside the specs, through the server."""
    entry = entry_of(opened.state, address)
    seen = opened.provider.read([entry.address]).get(entry.address)
    shown: dict[str, Any] = {
        "address": entry.address,
        "status": _status(entry, seen),
        "applied_at": entry.applied_at,
        "attributes": entry.attributes,
    }
    if seen is not None and seen.etag != entry.etag:
        shown["observed"] = seen.attributes
    if kind_of(entry.address) == "endpoint":
        shown |= _of_an_endpoint(opened, entry.address)
    if kind_of(entry.address) == "model" and (about := _of_an_mlflow_model(opened, entry)):
        shown["mlflow"] = about
    if entry.contents:
        shown["contents"] = {field: record.model_dump() for field, record in entry.contents.items()}
    if entry.beside is not None:
        shown["beside"] = entry.beside.model_dump()
    return shown
