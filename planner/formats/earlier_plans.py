"""A plan of an earlier format, written as that format has it: so its digest and its signature stay what they were."""

from collections.abc import Mapping
from typing import Any, Final

_SINCE_3: Final = frozenset(
    {"risk", "risks", "comparisons", "jobs", "outputs", "values", "since", "policies", "in_other_world"}
)
_OF_CHANGES_SINCE_3: Final = frozenset({"files", "files_left_out"})
_OF_DIFFS_SINCE_3: Final = frozenset({"variables"})
_OF_DRIFT_SINCE_3: Final = frozenset({"undone", "changed_by", "changed_at"})


def as_format_2(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a plan, as JSON has them, without what only format 3 has."""
    found = _but(members, _SINCE_3)
    found["changes"] = [_with_diffs(_but(change, _OF_CHANGES_SINCE_3)) for change in members["changes"]]
    found["drift"] = [_with_diffs(_but(drift, _OF_DRIFT_SINCE_3)) for drift in members["drift"]]
    return found


def _with_diffs(members: dict[str, Any]) -> dict[str, Any]:
    return {**members, "diffs": [_but(diff, _OF_DIFFS_SINCE_3) for diff in members["diffs"]]}


def _but(members: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}
