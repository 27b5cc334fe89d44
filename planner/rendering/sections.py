"""What every rendering of a plan draws: a review, which is ordered sections of plain values. Knows no format.

`bep.planner.rendering.review` makes one of a plan. Whoever draws it keeps the order and the words, and decides only how
they look. Every text here is plain and as it came, so whoever draws quotes it; what stands between backticks in a
sentence is code. No sentence has a stop at its end.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from bep.planner.facts import Comparison
from bep.planner.rendering.layout import Item, Row

NOWHERE = "none: a job has to name one"
"""What stands for a split that is empty."""
SHARED = "not tied to one endpoint"
"""What stands for the title of a group that has none."""
FIX = "Fix"
"""What stands before a `fix`."""
ROUTE_HEADS = ("Endpoint", "Before", "After", "Note")
"""The heads of the table of traffic; the last column has the notes."""


class Mark(StrEnum):
    """How much an entry matters, most first: what keeps the plan from being applied, then the levels of risk."""

    ERROR = "error"
    DENIED = "denied"
    LOST = "cannot be undone"
    HIGH = "high"
    WARNING = "warning"
    MEDIUM = "medium"
    LOW = "low"
    ALLOWED = "allowed"
    NONE = ""


class Verdict(NamedTuple):
    """The answer to "may I approve this?": `word` in two or three words, such as `high risk`, `cannot be applied` or
    `nothing to do`, and `sentence` for somebody who has never used bep. `mark` is the colour to draw it in."""

    mark: Mark
    word: str
    sentence: str


class Point(NamedTuple):
    """One entry of a list: `subject` is the address that it is about, `also` are others of which the same is true but
    for their names, `place` is a file and line, `fix` what to do about it, `under` are lines below it."""

    text: str
    subject: str = ""
    mark: Mark = Mark.NONE
    fix: str = ""
    place: str = ""
    under: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class Traffic(NamedTuple):
    """One row of the table of traffic: to which deployment of an endpoint a job goes that names none.

    The shares are by deployment and add up to 100, or are empty: `split` says them in words. They are the same where
    traffic does not move. `also` are endpoints with the same row.
    """

    endpoint: str
    before: dict[str, int]
    after: dict[str, int]
    note: str = ""
    also: tuple[str, ...] = ()


class Step(NamedTuple):
    """One change, or both halves of a replacement. `key` is that of its `Detail`, and stays the same from plan to plan.

    `number` is the place in the order of execution, empty where the steps stand in that order anyhow. `symbol` is one
    of `layout.SYMBOLS`, `word` the same as a verb; `mark` is that of the highest risk of it. `also` are other
    addresses that get the same change.
    """

    key: str
    symbol: str
    word: str
    subject: str
    text: str = ""
    number: str = ""
    mark: Mark = Mark.NONE
    also: tuple[str, ...] = ()


class Group(NamedTuple):
    """The steps of one endpoint, with what only it uses, in the order of execution; `title` is its address.

    It is empty for what no endpoint, or more than one, uses. `also` are endpoints that get the same steps but for their
    names: `steps` are those of the first then.
    """

    title: str
    steps: tuple[Step, ...]
    also: tuple[str, ...] = ()


class Detail(NamedTuple):
    """What a step changes, field by field and file by file; to be folded. The riskiest comes first.

    `sentence` says what will happen, and why. `blocks` of `bep.planner.rendering.details` has its fields and files:
    they are worked out when they are to be shown, as there may be ten thousand that are not.
    """

    key: str
    symbol: str
    word: str
    subject: str
    text: str
    sentence: str
    mark: Mark
    item: Item
    compared: tuple[Comparison, ...] = ()
    also: tuple[str, ...] = ()


class FileText(NamedTuple):
    """One file that differs: a title (its name and how many lines), its unified diff, a line each, and what is not
    shown of it and why."""

    symbol: str
    title: str
    lines: tuple[str, ...] = ()
    note: str = ""


class Block(NamedTuple):
    """Fields and files that differ: of the change itself, where `title` is empty, or of one thing beside another.

    `note` counts the fields that are the same.
    """

    title: str = ""
    fields: tuple[Row, ...] = ()
    files: tuple[FileText, ...] = ()
    note: str = ""


Entry = Point | Traffic | Group | Detail


class Section(NamedTuple):
    """Entries of one sort under a title. `name` never changes its meaning; `what` counts its entries, where some are
    left out. `lead` are sentences ahead of them, also where there are none. A `folded` one is closed where that works.
    """

    name: str
    title: str
    what: str
    entries: tuple[Entry, ...] = ()
    lead: tuple[str, ...] = ()
    folded: bool = False


class Review(NamedTuple):
    """All that is to be drawn of a plan, in this order: title, verdict, `summary` (how many of each change, and how
    much stays as it is; whole sentences), sections. The names of the sections, in their order:

    `stops` (points: what keeps the plan from being applied), `risks` (points), `traffic` (rows), `jobs` (points),
    `changes` (groups), `drift` (points), `findings` (points), `policies` (points), `notes` (points), `outputs`
    (points), `rollback` (points), `values` (points), `since` (points), `details`. One that has nothing is not there.
    """

    title: str
    verdict: Verdict
    summary: str
    sections: tuple[Section, ...] = ()


def split(shares: dict[str, int]) -> str:
    """To which deployment, in words: `blue`, or `blue 90 %, green 10 %`."""
    if not shares:
        return NOWHERE
    if list(shares.values()) == [100]:
        return next(iter(shares))
    return ", ".join(f"{name} {share} %" for name, share in shares.items())


def others(also: tuple[str, ...], most: int = 3) -> str:
    """`and the same of 29 others: a, b, c and 26 more`; nothing where there are none."""
    if not also:
        return ""
    named = ", ".join(also[:most])
    more = f" and {len(also) - most} more" if len(also) > most else ""
    return f"and the same of {len(also)} {'other' if len(also) == 1 else 'others'}: {named}{more}"


def steps_of(section: Section) -> Iterator[Step]:
    """The steps of the section of changes, groups or not."""
    for entry in section.entries:
        if isinstance(entry, Group):
            yield from entry.steps


def sentence(text: str) -> str:
    """The text as a sentence: with a stop, and a capital letter where it begins with a word and not with a name."""
    first = text.partition(" ")[0]
    begun = text[:1].upper() + text[1:] if first.rstrip(",:").isalpha() and first.islower() else text
    return begun if begun.endswith((".", "!", "?", ":")) else f"{begun}."
