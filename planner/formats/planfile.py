"""A plan as bytes and back, its digest and its signature. Refuses what is broken and what a newer bep wrote.

The digest tells a damaged file from a whole one, and anybody can compute it: a plan may be shown by it. The signature
needs the key of the state that the plan is for: a plan may be applied by it alone. Opens no file.
"""

import hashlib
import hmac
import json
from typing import Any, Final

from bep.planner.canonical import canonical, digest_of, digest_of_text
from bep.planner.plan import FORMAT_VERSION, Plan
from bep.schemas.values.written import Invalid


class PlanInvalid(Exception):
    """The text is no plan that can be trusted. `reason` is one sentence without the file's name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


EARLIER: Final = 2
"""The last format without facts: a plan of it is written and signed as it was."""
_UNSIGNED: Final = frozenset({"digest", "signature"})


def signed(plan: Plan, key: str) -> Plan:
    """The plan with the digest of everything else in it, and signed with the key of the state that it is for.

    The signature names the key by the beginning of its digest: `hmac-sha256:KEY:CODE`.
    """
    text = _to_sign(plan)
    signature = f"hmac-sha256:{key_name(key)}:{_code(text, key)}"
    return plan.model_copy(update={"digest": digest_of_text(text), "signature": signature})


def distrust(plan: Plan, key: str) -> str:
    """Why this plan is not one that the holder of a state's key has signed; empty when it is."""
    if not plan.signature:
        return "it is not signed: plan again"
    method, _, rest = plan.signature.partition(":")
    name, _, code = rest.partition(":")
    if method != "hmac-sha256" or name != key_name(key):
        return f"it is signed with another state's key ({name or method}; this state's is {key_name(key)}): plan again"
    if not hmac.compare_digest(code, _code(_to_sign(plan), key)):
        return "it was altered since bep signed it: plan again"
    return ""


def key_name(key: str) -> str:
    """What a state's key is called where it is not shown: eight letters of its digest."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _to_sign(plan: Plan) -> str:
    members = plan.as_json_fields() if plan.format_version > EARLIER else _earlier(plan)
    return canonical({name: value for name, value in members.items() if name not in _UNSIGNED})


def _earlier(plan: Plan) -> dict[str, Any]:
    from bep.planner.formats.earlier_plans import as_format_2

    return as_format_2(plan.model_dump(mode="json"))


def _code(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def encode(plan: Plan) -> str:
    """The plan as JSON for people and machines; `plan.schema.json` describes it."""
    members = plan.model_dump(mode="json") if plan.format_version > EARLIER else _earlier(plan)
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"


def decode(text: str) -> Plan:
    """The plan in a text, whoever has signed it. Raises `PlanInvalid`."""
    found = _read(text)
    version = found.get("format_version")
    if not isinstance(version, int):
        raise PlanInvalid("it is JSON, but not a plan of bep: it has no format_version")
    if version > FORMAT_VERSION:
        from bep.planner.formats.versions import newer

        raise PlanInvalid(newer(found, FORMAT_VERSION))
    digest = found.get("digest")
    if digest != digest_of({name: value for name, value in found.items() if name not in _UNSIGNED}):
        raise PlanInvalid("it was altered since bep wrote it: its digest does not match; plan again")
    try:
        return Plan.model_validate(found)
    except Invalid as problem:
        raise PlanInvalid(f"it is not a plan of this version: {problem.where}: {problem.reason}") from None


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
