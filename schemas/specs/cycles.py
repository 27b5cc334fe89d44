"""Cycles: resources that need each other, so that none could be made first. Knows no kind."""

from collections.abc import Mapping

from bep.schemas.address import Address
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.finding import Finding, mistake


def find_cycle(drafts: Mapping[Address, Draft]) -> Finding | None:
    """A circle of references among drafts whose references are resolved."""
    from graphlib import CycleError, TopologicalSorter

    needs = {address: [reference.address for reference in draft.references] for address, draft in drafts.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle: list[Address] = error.args[1][:0:-1]  # each is needed by the one before it; the first is there twice
    else:
        return None
    start = circle.index(min(circle))
    members = circle[start:] + circle[:start]
    first = drafts[members[0]]
    wanted = first.extension.get("depends_on") if first.extension is not None else None
    message = f"these need each other, so none can be first: {' -> '.join([*members, members[0]])}"
    mark = wanted.key_mark if wanted is not None else first.mark
    return mistake("reference-cycle", first.label, message, "Take one of the references out.", mark)
