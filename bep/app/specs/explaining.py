"""Explaining findings: what a code means, with examples. Prints nothing; looks at no workspace."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bep.schemas.explanations.explained import Explanation


def every_explanation() -> "Mapping[str, Explanation]":
    """What each code means."""
    from bep.schemas.explanations.explained import explanations

    return explanations()


def explain(code: str) -> "Explanation":
    """What a code means. Raises `NotFound` for none, with codes that are like it."""
    from bep.app.errors import NotFound
    from bep.schemas.explanations.explained import explanation_of, explanations
    from bep.schemas.findings.did_you_mean import meant_by, nearest

    found = explanation_of(code.strip().lower())
    if found is None:
        near = nearest(code, explanations())
        raise NotFound(f"no finding has the code {code!r}. {meant_by(near)}".rstrip(), nearest=near)
    return found


def as_json(found: "Explanation") -> dict[str, object]:
    """An explanation for a program: the code, the paragraph, and both examples by their files."""
    return {"code": found.code, "why": found.why, "wrong": dict(found.wrong), "right": dict(found.right)}
