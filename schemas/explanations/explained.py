"""Explanations: each code of a finding in a paragraph, with a wrong example and a right one. Reads package data alone.

An example changes the workspace in `explanations/base.yml`: in a file of YAML its lines stand in place of those with
the same key. A test makes each example and looks for its code.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.schemas.yaml.package import yaml

FILES: Final = (
    "writing.yml",
    "resources.yml",
    "environments.yml",
    "workspace.yml",
    "jobs.yml",
    "schedules.yml",
    "plans.yml",
)
"""One a subject, in the order in which they are shown."""
LINK: Final = "-> "
"""What a text begins with that stands for a link to the file named behind it."""
CHECK: Final = "check-"
"""What the code of a check with a name begins with."""

Example = Mapping[str, str | None]
"""Files by their paths: their text, or None for a file that is not there. Of an option, its value."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means. Where nothing can be written that has it, there is no example.

    `asked` says how the example is looked at: the specs are validated, a plan is made, a job is looked at or run.
    `entry` is all that the catalogue says, for who makes the example.
    """

    code: str
    why: str
    wrong: Example
    right: Example
    asked: str
    entry: Mapping[str, Any]

    @property
    def first_sentence(self) -> str:
        """What it says in short."""
        return f"{self.why.partition('. ')[0].rstrip('.')}."


@cache
def explanations() -> Mapping[str, Explanation]:
    """Every code's, in the order of the subjects."""
    return {code: _explanation(code, entry) for file in FILES for code, entry in _read(file).items()}


def base() -> Mapping[str, str]:
    """The files of the workspace that the examples change."""
    return _read("base.yml")


def explanation_of(code: str) -> Explanation | None:
    """The explanation of a code; those of named checks share one."""
    return explanations().get(code) or (explanations()["check-failed"] if code.startswith(CHECK) else None)


def _read(file: str) -> Mapping[str, Any]:
    text = resources.files("bep.schemas.explanations").joinpath(file).read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


def _explanation(code: str, entry: Mapping[str, Any]) -> Explanation:
    wrong, right = (_example(entry.get(side), entry.get("in", "")) for side in ("wrong", "right"))
    return Explanation(code, entry["why"], wrong, right, entry.get("how", "validate"), entry)


def _example(written: str | Mapping[str, str | None] | None, file: str) -> Example:
    if written is None:
        return {}
    return {file: written} if isinstance(written, str) else written


def shown(example: Example) -> list[tuple[str, str]]:
    """What to show of an example: a heading such as `in compute.yml`, and the lines, of which there may be none."""
    return [_shown(name, text) for name, text in example.items()]


def _shown(name: str, text: str | None) -> tuple[str, str]:
    if text is None:
        return f"without {name}", ""
    if name.startswith("-"):
        return f"with {name} {text}", ""
    if text.startswith(LINK):
        return f"where {name} is a link to {text.removeprefix(LINK)}", ""
    return f"in {name}", text
