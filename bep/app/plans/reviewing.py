"""What a plan's facts need of disk, world and jobs, asked for once it is known what changes. Prints nothing.

What cannot be asked is left out: a fact then says that it is not known.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Conflict
from bep.app.plans.kept_contents import kept_contents
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.planner.options import Options
    from bep.planner.plan import Plan
    from bep.planner.reviewing.files import FileAsked
    from bep.planner.state import State
    from bep.schemas.resource import Resource


def with_facts(
    opened: "Reading",
    plan: "Plan",
    resources: "Sequence[Resource]",
    state: "State",
    observed: "Mapping[Address, Observed]",
    options: "Options",
) -> "Plan":
    """The plan with everything that a reviewer should know of it; not signed."""
    from bep.lazy_dataclasses import replace
    from bep.planner.reviewing.evidence import Asked, evidence_of
    from bep.planner.reviewing.reviewing import files_asked, reviewed
    from bep.providers.applying.redaction import secrets_of
    from bep.schemas.kinds.kind import load_kinds

    declared = {resource.address: resource for resource in resources}
    evidence = evidence_of(plan, declared, state, observed, load_kinds(), options, Asked())
    files, sizes = _files(opened, declared, files_asked(evidence))
    asked = Asked(
        kept=kept_contents(opened, plan),
        files=files,
        sizes=sizes,
        secrets=secrets_of(resources),
    )
    return reviewed(replace(evidence, asked=asked))


def with_since(plan: "Plan", path: Path) -> "Plan":
    """The plan with what differs from the one in the file. Raises `Conflict` for a plan of another place."""
    from bep.app.plans.applying import read_plan_file
    from bep.app.plans.showing import without_clear_secrets
    from bep.planner.reviewing.since import since_of

    earlier, _ = without_clear_secrets(read_plan_file(path))
    if (earlier.workspace, earlier.stage) != (plan.workspace, plan.stage):
        theirs, ours = (f"{one.workspace}{f' in stage {one.stage}' if one.stage else ''}" for one in (earlier, plan))
        raise Conflict(f"{path}: it was made for {theirs}, and this is {ours}: they cannot be compared")
    return plan.model_copy(update={"since": since_of(plan, earlier)})


def _files(
    opened: "Reading", declared: "Mapping[Address, Resource]", asked: "Sequence[FileAsked]"
) -> tuple[dict[str, bytes], dict[str, int]]:
    """The bytes of those that are short enough, as many as there is room for, and the sizes of all, by digest."""
    from bep.planner.reviewing.evidence import READ_LIMIT, TEXT_LIMIT

    found: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    left = READ_LIMIT
    for one in asked:
        for place in _places(opened, declared, one):
            try:
                size = place.stat().st_size
                data = place.read_bytes() if size <= min(TEXT_LIMIT, left) else None
            except OSError:
                continue
            if data is None or sha256(data).hexdigest() == one.sha256:
                sizes[one.sha256] = size
                if data is not None:
                    found[one.sha256] = data
                    left -= size
                break
    return found, sizes


def _places(opened: "Reading", declared: "Mapping[Address, Resource]", asked: "FileAsked") -> Sequence[Path]:
    """Where the bytes of a file may be: where the specs name them, and in what the world keeps."""
    places = []
    resource = declared.get(asked.planned) if asked.planned else None
    content = resource.contents.get(asked.field) if resource else None
    if content is not None:
        source = Path(content.source)
        places.append(source / asked.name if source.is_dir() else source)
    if opened.world.contents is not None:
        places.append(opened.world.contents.place(asked.sha256))
    return places
