"""Outputs of bep.yml before and after a plan. Evaluates queries over values that it is given."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bep.planner.facts import OutputDiff
from bep.planner.reviewing.evidence import Evidence
from bep.schemas.address import Address
from bep.schemas.workspace.measuring import unsealed

if TYPE_CHECKING:
    from bep.schemas.workspace.conditions import Output

Values = Mapping[Address, Mapping[str, Any]]


def output_diffs(evidence: Evidence, outputs: "Sequence[Output]") -> Iterator[OutputDiff]:
    """Each of them; what a query cannot be asked of is not known."""
    before = {address: entry.observed for address, entry in evidence.state.entries.items()}
    later = {address: {**evidence.now.get(address, {}), **values} for address, values in evidence.later.items()}
    for output in outputs:
        old, _ = _value(output, before)
        new, known = _value(output, later)
        yield OutputDiff(name=output.name, before=old, after=new, known=known)


def _value(output: "Output", values: Values) -> tuple[Any, bool]:
    from bep.schemas.workspace.conditions import EVERYTHING, queried

    there: Any = values if output.address == EVERYTHING else values.get(output.address)
    if there is None:
        return None, True
    try:
        return queried(unsealed(there), output.query), True
    except ValueError:
        return None, False
