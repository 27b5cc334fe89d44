"""Every golden plan on the local world: applied and taken back, nothing is left of it but what the plan said would be.

The scenes are those of `tests.planner.test_golden`. Here they are a workspace on disk, with files behind digests.
"""

import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bep.app.plans.applying import apply_plan
from bep.app.plans.reviewing import with_facts
from bep.app.plans.rolling_back import rollback_of
from bep.app.workspace.opening import Opened, Source
from bep.planner.fields import with_value
from bep.planner.formats.planfile import signed
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Plan
from bep.planner.planning.planning import draft
from bep.providers.applying.checking import PlanRefused
from bep.providers.applying.refreshing import refresh
from bep.providers.local.provider import LocalProvider
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.resource import Content, Resource
from tests.planner import test_golden
from tests.planner.scenes import PLANNED, Wish
from tests.providers.local.support import content, wanted

UNCLEAN = ("drift_only", "drifted", "state_only", "ignored", "imported", "refused")
"""Scenes in which somebody did something outside bep before the plan: a rollback brings that back, too."""
REFUSED = ("refused", "circular", "edited")
"""Plans that cannot be applied, whatever is allowed."""


class Objects(MutableMapping[Address, Observed]):
    """What is there, to be changed behind bep's back."""

    def __init__(self, scene: "LocalScene") -> None:
        self.scene = scene

    def __getitem__(self, address: Address) -> Observed:
        return self.scene.provider.read([address])[address]

    def __setitem__(self, address: Address, seen: Observed) -> None:
        """Nothing: the local world tells of nobody who changed something."""

    def __delitem__(self, address: Address) -> None:
        entry = self.scene.opened().state.entries[address]
        self.scene.provider.delete(address, entry, operation="someone", etag=self[address].etag)

    def __iter__(self) -> Iterator[Address]:
        return iter(self.scene.opened().state.entries)

    def __len__(self) -> int:
        return len(self.scene.opened().state.entries)


class LocalScene:
    """What `tests.planner.scenes.Scene` is, in a workspace on disk. Keeps what it was last asked to plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = self
        self.objects = Objects(self)
        self.before: Wish = {}
        self.asked: tuple[Wish, dict[str, Any]] = {}, {}
        folder.joinpath("bep.yml").write_text("workspace: taxi\nprovider: {local: {}}\nspecs: []\n")
        self.opened().keep_state()

    def opened(self) -> Opened:
        return Opened(self.folder, Source())

    @property
    def provider(self) -> LocalProvider:
        found = self.opened().provider
        assert isinstance(found, LocalProvider)
        return found

    def plan(self, wish: Wish, asked: object = None, **options: Any) -> Plan:
        self.asked = wish, options
        real = {address: self._with_files(one) for address, one in wish.items()}
        opened, told = self.opened(), Options(workspace="taxi", provider="local", created_at=PLANNED, **options)
        observed = refresh(opened.provider, opened.state, real.values(), told.imports)
        made = draft(real.values(), opened.state, observed, load_kinds(), told)
        if made.changes:
            resources = tuple(real.values())
            made = with_facts(opened, made, resources, opened.state, observed, told)
        return signed(made, opened.state.secret_key)

    def applied(self, wish: Wish) -> "LocalScene":
        self.apply(self.plan(wish, allow=("delete-many",)), tuple(map(self._with_files, wish.values())))
        self.before = wish
        return self

    def apply(self, plan: Plan, resources: tuple[Resource, ...]) -> None:
        quiet = nullcontext(threading.Event())
        report = apply_plan(self.opened(), plan, lambda event: None, quiet, resources=resources)
        assert report.ok, [result for result in report.results if result.message]

    def apply_what_was_asked(self, plan: Plan) -> None:
        self.apply(plan, tuple(map(self._with_files, self.asked[0].values())))

    def someone_sets(self, address: str, **attributes: Any) -> "LocalScene":
        there = self.objects[Address(address)]
        changed = wanted(address, {**there.attributes, **attributes})
        self.provider.update(changed, operation="someone", etag=there.etag)
        return self

    def unmanaged(self, resource: Resource) -> "LocalScene":
        self.provider.create(resource, operation="someone")
        return self

    def world(self) -> dict[Address, Any]:
        """What is there, and what bep knows of it."""
        opened = self.opened()
        entries = opened.state.entries
        seen = opened.provider.read(sorted({*entries, *self.asked[0], *self.before}))
        known = {name: (one.attributes, one.references, one.guards, one.retained) for name, one in entries.items()}
        there = {name: one.attributes for name, one in seen.items()}
        return {name: (there.get(name), known.get(name)) for name in {*there, *known}}

    def _with_files(self, resource: Resource) -> Resource:
        contents = {field: self._on_disk(one) for field, one in resource.contents.items()}
        attributes = resource.attributes
        for field, one in contents.items():
            attributes = with_value(attributes, tuple(field.split(".")), {"local": one.local, "sha256": one.sha256})
        return replace(resource, attributes=attributes, contents=contents)

    def _on_disk(self, made_up: Content) -> Content:
        """Files whose bytes are the digests that a scene made up."""
        folder = self.folder / "files" / made_up.sha256
        folder.mkdir(parents=True, exist_ok=True)
        for name, digest in made_up.files.items():
            folder.joinpath(name).write_text(digest)
        return replace(content(folder), local=made_up.local)


@pytest.mark.parametrize("scene", test_golden.SCENES, ids=lambda scene: scene.__name__)
def test_a_golden_plan_is_taken_back_as_it_said(
    scene: Callable[[], Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = LocalScene(tmp_path)
    monkeypatch.setattr(test_golden, "Scene", lambda: disk)
    first = scene()
    wish, options = disk.asked
    allow = (*options.pop("allow", ()), *(found.code for found in first.blocking))
    clean, plan, there = disk.plan(disk.before), disk.plan(wish, allow=allow, **options), disk.world()
    assert not clean.changes or scene.__name__ in UNCLEAN
    if scene.__name__ in REFUSED:
        with pytest.raises(PlanRefused):
            disk.apply_what_was_asked(plan)
        assert disk.world() == there
        return
    if not plan.changes:
        return
    disk.apply_what_was_asked(plan)
    after = disk.world()
    assert after != there

    said = {undo.address: undo.obstacle for undo in plan.rollback if undo.obstacle}
    back = rollback_of(disk.opened(), plan, ())
    assert {undo.address: undo.obstacle for undo in back.left} == said
    assert bool(said) == (scene.__name__ == "secrets")
    if back.plan.blocking:
        back = rollback_of(disk.opened(), plan, [found.code for found in back.plan.blocking])
    disk.apply(back.plan, back.resources)

    found = disk.world()
    for address in {*there, *after}:
        was, left = ((after if address in said else there).get(address), found.get(address))
        if scene.__name__ in UNCLEAN:  # what bep writes again in a rollback it has applied itself
            was, left = (one and one[0] for one in (was, left))
        assert left == was, address
    again = disk.plan(disk.before)
    assert [change.id for change in again.changes if change.address not in said] == [one.id for one in clean.changes]
