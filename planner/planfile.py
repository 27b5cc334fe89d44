"""A plan as bytes and back. Refuses what was altered, what is broken, and what a newer bep wrote. Opens no file."""

import json
from typing import Any

from bep.planner.canonical import digest_of
from bep.planner.plan import FORMAT_VERSION, Plan


class PlanInvalid(Exception):
    """The text is no plan that can be trusted. `reason` is one sentence without the file's name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def signed(plan: Plan) -> Plan:
    """The plan with the digest of everything else in it."""
    return plan.model_copy(update={"digest": digest_of(plan.model_dump(mode="json", exclude={"digest"}))})


def encode(plan: Plan) -> str:
    """The plan as JSON for people and machines; `plan.schema.json` describes it."""
    return json.dumps(signed(plan).model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def decode(text: str) -> Plan:
    """The plan in a text. Raises `PlanInvalid`."""
    from pydantic import ValidationError

    found = _read(text)
    version = found.get("format_version")
    if not isinstance(version, int):
        raise PlanInvalid("it is JSON, but not a plan of bep: it has no format_version")
    if version > FORMAT_VERSION:
        writer = found.get("bep_version") or "a newer version"
        raise PlanInvalid(f"it has format {version}, written by bep {writer}; this bep reads up to {FORMAT_VERSION}")
    digest = found.get("digest")
    if digest != digest_of({name: value for name, value in found.items() if name != "digest"}):
        raise PlanInvalid("it was altered since bep wrote it: its digest does not match; plan again")
    try:
        return Plan.model_validate(found)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PlanInvalid(f"it is not a plan of this version: {where}: {first['msg']}") from None


def _read(text: str) -> dict[str, Any]:
    if not text.strip():
        raise PlanInvalid("it is empty")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise PlanInvalid(f"it is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise PlanInvalid("it is JSON, but not a plan of bep")
    return found
