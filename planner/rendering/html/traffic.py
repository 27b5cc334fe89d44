"""The table of traffic: to which deployment a job goes that names none, before and after, as bars. Knows no plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bep.planner.rendering.html.texts import name, running, text
from bep.planner.rendering.sections import NOWHERE, ROUTE_HEADS, Traffic, others, split

COLOURS: Final = 6
"""Colours of bars; deployments of one endpoint take one after another."""


def table(rows: Sequence[Traffic]) -> Iterator[str]:
    """A row an endpoint."""
    heads = "".join(f"<th>{text(head)}</th>" for head in ROUTE_HEADS)
    yield f'<table class="traffic"><thead><tr>{heads}</tr></thead><tbody>'
    for row in rows:
        names = list(dict.fromkeys((*row.before, *row.after)))
        note = "; ".join(filter(None, (row.note, others(row.also))))
        bars = "".join(f'<td data-head="{head}">{_bar(side, names)}</td>' for head, side in _sides(row))
        yield f"<tr><th scope=row>{name(row.endpoint)}</th>{bars}<td>{running(note)}</td></tr>"
    yield "</tbody></table>"


def _sides(row: Traffic) -> tuple[tuple[str, Mapping[str, int]], ...]:
    return (ROUTE_HEADS[1], row.before), (ROUTE_HEADS[2], row.after)


def _bar(shares: Mapping[str, int], names: Sequence[str]) -> str:
    """One part a deployment, as wide as its share."""
    if not shares:
        return f'<div class="bar none"><span>{text(NOWHERE)}</span></div>'
    parts = "".join(
        f'<span class="share colour{names.index(one) % COLOURS} of{min(max(int(share), 1), 100)}">{text(one)}'
        f"{f' {share} %' if share != 100 else ''}</span>"
        for one, share in shares.items()
        if share
    )
    return f'<div class="bar" title="{text(split(dict(shares)))}">{parts}</div>'
