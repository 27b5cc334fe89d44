"""What the service refuses beyond its published types: names, tags, versions that are immutable. It knows no HTTP."""

import copy
import json
import re
from typing import Any, Final

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.exchange import Refusal
from tests.azure.double.store import VERSIONS, Document, Resource
from tests.azure.facts import Types
from tests.azure.judge import Fault, Judge

NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")
COMPUTE: Final = re.compile(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{2,23}")
TAKEN: Final = (
    "The specified endpoint name '{}' is not available. Endpoint names must be unique within the region. "
    "Please choose a different name and try again."
)
CHANGEABLE: Final = ("description", "tags", "properties", "isArchived", "isAnonymous", "stage", "flavors")
"""What may differ in a PUT of a version that is there."""


def check_name(kind: str, name: str, behaviours: Behaviours, *, is_new: bool) -> None:
    """Refuse a name that cannot be, or that another workspace of the region has.

    Raises:
        Refusal: why.
    """
    pattern = COMPUTE if kind == "computes" else NAME
    if kind in ("computes", "batchEndpoints", "batchEndpoints/deployments") and not pattern.fullmatch(name):
        raise Refusal(400, "BadArgument", f"'{name}' does not match the regular expression {pattern.pattern}.")
    if kind == "batchEndpoints" and is_new and name.lower() in {each.lower() for each in behaviours.taken_names}:
        raise Refusal(400, "UserError", TAKEN.format(name))


def check_body(kind: str, body: Any, behaviours: Behaviours, types: Types) -> Document:
    """The body of a PUT, if it is one that the service takes.

    Raises:
        Refusal: why not; as ASP.NET says it where members are of a wrong form, as a list where some are missing.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content is not a JSON object.")
    if behaviours.published_types:
        judge = Judge(
            types,
            unlisted_words=not behaviours.listed_words_alone,
            text_numbers=behaviours.numbers_from_text,
            lenient_text=behaviours.lenient_text,
        )
        refuse(judge.request(kind, body))
    if behaviours.filled_tags:
        check_tags(body)
    properties = body.get("properties") or {}
    if kind == "batchEndpoints":
        _check_endpoint(body, properties)
    if kind == "batchEndpoints/deployments" and not properties.get("deploymentConfiguration"):
        for member, said in (("compute", "Compute Id"), ("model", "Model Reference")):
            if not properties.get(member):
                raise Refusal(400, "UserError", f"'{said}' must not be empty.")
    return body


def refuse(faults: list[Fault]) -> None:
    """Say what is wrong with a body, if anything is.

    Raises:
        Refusal: in the shape of the first fault.
    """
    wrong = [fault for fault in faults if not fault.is_missing]
    if wrong:
        raise Refusal(400, "", "", fields={fault.where: [fault.why] for fault in wrong})
    if faults:
        listed = [
            {"PropertyName": fault.where.rpartition(".")[2], "ErrorMessage": fault.why, "AttemptedValue": None}
            for fault in faults
        ]
        raise Refusal(400, "UserError", json.dumps(listed), details=[("RequiredMember", f.why) for f in faults])


def check_tags(body: Document) -> None:
    """Refuse tags without a value.

    Raises:
        Refusal: one has none.
    """
    tags = {**(body.get("tags") or {}), **((body.get("properties") or {}).get("tags") or {})}
    if any(value in (None, "") for value in tags.values()):
        raise Refusal(400, "UserError", "Tag values must not be null or empty.")


def _check_endpoint(body: Document, properties: Document) -> None:
    if str(properties.get("authMode")).lower() != "aadtoken":
        raise Refusal(400, "UserError", "AuthMode must be 'AADToken'.")
    if str((body.get("identity") or {}).get("type", "None")).lower() not in ("none", "systemassigned"):
        raise Refusal(400, "CannotSetResourceIdentity", "Resource type does not support the identity that was sent.")


def check_unchanged(there: Resource, body: Document, behaviours: Behaviours) -> None:
    """Refuse to give a resource what it cannot have any more.

    Raises:
        Refusal: a version's content, a resource's region, a cluster's size.
    """
    old, new = there.body.get("properties") or {}, body.get("properties") or {}
    if there.kind in VERSIONS and behaviours.immutable_versions and _content(old) != _content(new):
        raise Refusal(409, "UserError", "Asset paths cannot be updated. Please provide a unique name or version.")
    before, after = _folded(there.body.get("location")), _folded(body.get("location"))
    if before and after and before != after:
        said = (
            f"The resource '{there.names[-1]}' already exists in location '{before}'. A resource with the same name "
            f"cannot be created in location '{after}'. Please select a new resource name."
        )
        raise Refusal(409, "InvalidResourceLocation", said)
    if there.kind == "computes":
        for member, default in (("vmSize", ""), ("vmPriority", "Dedicated")):
            sizes = [str((each.get("properties") or {}).get(member) or default).lower() for each in (old, new)]
            if sizes[0] != sizes[1]:
                raise Refusal(400, "BadArgument", f"{member} of a compute that is there cannot be changed.")


def _content(properties: Document) -> Document:
    kept = {name: value for name, value in properties.items() if name not in CHANGEABLE and value is not None}
    uris = {name: str(value).lower() for name, value in kept.items() if name.endswith(("Uri", "Type"))}
    return {**kept, **uris}


def _folded(location: Any) -> str:
    return str(location or "").replace(" ", "").lower()


def merged(there: Resource | None, body: Document, behaviours: Behaviours) -> Document:
    """What is kept of a PUT: all of it, and of properties.properties what was there before, unaltered."""
    kept = copy.deepcopy(body)
    if there is not None and behaviours.kept_properties and there.kind.startswith("batchEndpoints"):
        old = (there.body.get("properties") or {}).get("properties") or {}
        if old:
            new = kept["properties"].get("properties") or {}
            kept["properties"]["properties"] = {**new, **old}
    return kept
