"""What each code host takes as a comment: how long it may be, and what its Markdown can do. Facts; knows no plan.

Any rendering for a pull request asks here. User text in it goes through `quoting`, whose functions are safe in all of
these dialects.
"""

import hashlib
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.planner.rendering.quoting import code, fenced, html, html_code, markdown

HEADROOM: Final = 2_000
"""What is left free below a limit: a pipeline may put a header of its own above the comment."""

LONGEST: Final = 150_000
"""No comment is longer than this, whatever the host takes: it takes long to draw, and nobody reads it."""

_PLAIN_NAME = lazy_pattern(r"[A-Za-z0-9_.]+(?:[- ][A-Za-z0-9_.]+)*")
_UNPLAIN = lazy_pattern(r"[^A-Za-z0-9_.]+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One host's Markdown. `limit` is in characters; `has_html` says whether HTML works: folds and hidden comments."""

    name: str
    limit: int
    has_html: bool = True

    @property
    def room(self) -> int:
        """How many bytes a comment may have. A text never has more characters than bytes, however the host counts."""
        return min(self.limit, LONGEST) - HEADROOM

    def marker(self, name: str) -> str:
        """A line that no reader sees, by which a comment is found again; another for each name."""
        about = f"bep plan: {_one_of_a_kind(name)}"
        return f"<!-- {about} -->" if self.has_html else f"[//]: # ({about})"

    def line(self, subject: str, title: str) -> str:
        """One line of a list: what it is about, as code, and a title."""
        return f"- {code(subject)} {markdown(title)}".rstrip()

    def block(self, subject: str, title: str, body: list[str], sentence: str) -> list[str]:
        """The same with its lines as a diff, folded where the host can; with a sentence where there are no lines."""
        shown = fenced(body) if body else [markdown(sentence)]
        if self.has_html:
            head = f"<details><summary>{html_code(subject)} {html(title)}</summary>"
            return [head, "", *shown, "", "</details>", ""]
        return [f"{code(subject)} {markdown(title)}".rstrip(), "", *shown, ""]

    def fold(self, title: str, lines: list[str]) -> list[str]:
        """Lines under a title of bep's own, folded where the host can."""
        if self.has_html:
            return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
        return [f"#### {title}", "", *lines]


def _one_of_a_kind(name: str) -> str:
    """The name, or what is plain of it with a digest of the whole where it could end the marker or is long."""
    if len(name) <= 120 and (not name or _PLAIN_NAME.fullmatch(name)):
        return name
    return f"{_UNPLAIN.sub(' ', name).strip()[:60]} {hashlib.sha256(name.encode(errors='replace')).hexdigest()[:12]}"


GITHUB: Final = Dialect("github", 65_536)
"""Characters of four bytes each; the API answers 422 to more. Its renderer is cmark-gfm."""

GITLAB: Final = Dialect("gitlab", 1_000_000)
"""Its renderer is comrak."""

AZURE_DEVOPS: Final = Dialect("azure-devops", 150_000)
"""Its renderer is markdown-it; `<details>` works in comments, though its manual names wikis alone."""

BITBUCKET: Final = Dialect("bitbucket", 32_768, has_html=False)
"""Its renderer is Python-Markdown with HTML shown as text; what is hidden there is a link that nothing refers to."""

DIALECTS: Final = {each.name: each for each in (GITHUB, GITLAB, AZURE_DEVOPS, BITBUCKET)}
