"""What bep reads in recorded answers of the service: `python -m tests.azure.recorded_reading FOLDER`.

FOLDER has exchanges with the service as `*.jsonl`, one a line (method, path, request, response). Each answer that has a
resource is taken for the world, what was last asked of it for the spec, and the plan must have nothing to do.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bep.planner.options import Options
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.azure.place import Place
from bep.providers.azure.translation.normalising import clear_attributes, observed_of
from bep.schemas.address import Address, kind_of
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.mark import Mark
from bep.schemas.resource import Resource

KEY = "a key for tests"


def judged(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    """Each answer of a resource: what it is of, and what a plan would change."""
    asked: dict[Address, Mapping[str, Any]] = {}
    for line in lines:
        exchange = json.loads(line)
        answer = exchange.get("response")
        for body in _resources(answer):
            place = _place(body["id"])
            address = place.address_of(body["id"])
            if address is None:
                continue
            if exchange["method"] == "PUT":
                asked[address] = exchange["request"]
            wanted = clear_attributes(address, asked.get(address, body), place)
            yield f"{exchange['method']} {address}", _changes(address, wanted, body, place)


def _resources(answer: Any) -> Iterator[Mapping[str, Any]]:
    for body in answer.get("value", [answer]) if isinstance(answer, Mapping) else ():
        if isinstance(body, Mapping) and "/workspaces/" in str(body.get("id")):
            yield body


def _place(id: str) -> Place:
    parts = id.split("/")
    return Place(parts[2], parts[4], parts[8])


def _changes(address: Address, wanted: Mapping[str, Any], body: Mapping[str, Any], place: Place) -> list[str]:
    observed = observed_of(address, body, place, KEY)
    assert observed is not None, address
    resource = Resource(address, wanted, Mark("recorded", 1, 1))
    options = Options(imports=(address,))
    alone = plan([resource], State(lineage="l", secret_key=KEY), {address: observed}, load_kinds(), options)
    refused = [found.message for found in alone.blocking]
    return refused + [".".join(map(str, diff.path)) for change in alone.changes for diff in change.diffs]


def main() -> None:
    """Print each answer that a plan would not leave alone, and how many there were."""
    parser = argparse.ArgumentParser(prog="python -m tests.azure.recorded_reading")
    parser.add_argument("folder", type=Path)
    found = [
        one
        for file in sorted(parser.parse_args().folder.rglob("*.jsonl"))
        for one in judged(iter(file.read_text().splitlines()))
        if kind_of(Address(one[0].partition(" ")[2]))
    ]
    wrong = [(what, changes) for what, changes in found if changes]
    for what, changes in wrong:
        print(f"{what}: {', '.join(changes)}")
    print(f"{len(found) - len(wrong)} of {len(found)} recorded answers plan empty")
    raise SystemExit(bool(wrong) or not found)


if __name__ == "__main__":
    main()
