"""The JSON Schemas of the formats bep writes, made from the models that read them. Writes no file.

`UPDATE_GOLDEN=1 pytest tests/planner/formats/test_published.py` writes `plan.schema.json` and `state.schema.json` anew.
"""

import json
from typing import Any

from bep.planner.plan import Plan
from bep.planner.state import State

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> str:
    """The text of `plan.schema.json`: what `bep plan -o` writes."""
    return _published(Plan.model_json_schema(), "plan.schema.json")


def state_schema() -> str:
    """The text of `state.schema.json`: what the snapshot of a state holds."""
    schema = State.model_json_schema()
    schema["properties"]["digest"] = {
        "description": "sha256 of the file's text without this member.",
        "pattern": "^sha256:[0-9a-f]{64}$",
        "type": "string",
    }
    schema["required"] = sorted({*schema["required"], "digest"})
    return _published(schema, "state.schema.json")


def _published(schema: dict[str, Any], name: str) -> str:
    return json.dumps({"$schema": DIALECT, "$id": name, **schema}, indent=2, sort_keys=True) + "\n"
