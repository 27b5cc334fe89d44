import json
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

import bep.planner
from bep.planner.formats import planfile, statefile
from bep.planner.formats.published import plan_schema, state_schema
from tests.planner.scenes import Scene, article
from tests.planner.test_golden import SCENES

FOLDER = Path(bep.planner.__file__).parent / "formats"


@pytest.mark.parametrize(("name", "made"), [("plan", plan_schema), ("state", state_schema)])
def test_published_schemas_are_those_of_the_models(name: str, made: Callable[[], str]) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        (FOLDER / f"{name}.schema.json").write_text(made())
    published = resources.files("bep.planner.formats").joinpath(f"{name}.schema.json").read_text()
    assert published == made()
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_plan_written_matches_the_published_schema(scene: Callable[[], object]) -> None:
    written = json.loads(planfile.encode(scene()))  # type: ignore[arg-type]
    jsonschema.validate(written, json.loads(plan_schema()))


def test_a_state_written_matches_the_published_schema() -> None:
    jsonschema.validate(json.loads(statefile.encode(Scene().applied(article()).state)), json.loads(state_schema()))
