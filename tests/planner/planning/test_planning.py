from dataclasses import replace

import pytest

from bep.planner.plan import Action, Origin, Plan
from bep.planner.planning.graph import reference_cycle
from bep.schemas.address import Address
from bep.schemas.findings.finding import Finding, Severity
from bep.schemas.mark import Mark
from bep.schemas.resource import Lifecycle, Resource
from bep.schemas.secrets.secret import Secret
from tests.planner.scenes import Scene, article, compute, content, deployment, endpoint, model, traffic, wanted

BLUE, GREEN = Address("deployment/mybatchedp/blue"), Address("deployment/mybatchedp/green")
TRAFFIC, COMPUTE, MODEL = Address("traffic/mybatchedp"), Address("compute/cpu-cluster"), Address("model/mnist/1")


def codes(found: Plan) -> list[str]:
    return [finding.code for finding in found.findings]


def ids(found: Plan) -> list[str]:
    return [change.id for change in found.changes]


def test_an_object_that_bep_did_not_make_is_not_touched() -> None:
    found = Scene().unmanaged(compute()).plan({COMPUTE: compute()})
    assert not found
    (finding,) = found.blocking
    assert (finding.code, finding.file, finding.line) == ("already-exists", "compute.yml", 1)
    assert "`import compute/cpu-cluster`" in finding.fix


def test_an_import_is_adopted_as_it_is_and_then_mended() -> None:
    scene = Scene().unmanaged(compute(max_instances=9))
    found = scene.plan({COMPUTE: compute()}, imports=(COMPUTE,))
    adopt, update = found.changes
    assert (adopt.action, update.action, update.needs) == (Action.ADOPT, Action.UPDATE, (adopt.id,))
    assert adopt.after is not None
    assert adopt.after["max_instances"] == 9
    assert update.etag == adopt.etag == "theirs"


@pytest.mark.parametrize(("declared", "code"), [(True, "nothing-to-import"), (False, "import-undeclared")])
def test_an_import_of_nothing_is_refused(declared: bool, code: str) -> None:
    assert codes(Scene().plan({COMPUTE: compute()} if declared else {}, imports=(COMPUTE,))) == [code]


def test_a_moved_resource_is_forgotten_there_and_adopted_here() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    other = wanted("compute/other", **{**compute().attributes, "name": "other"})
    scene.unmanaged(other)
    found = scene.plan({other.address: other}, moved={COMPUTE: other.address})
    assert ids(found) == ["adopt compute/other", "forget compute/cpu-cluster"]
    assert not found.findings


def test_a_registered_version_never_changes_its_content() -> None:
    more = {f"file{number}": "ef" for number in range(12)}
    found = Scene().applied({MODEL: model()}).plan({MODEL: model(path=content("mnist/model", checkpoint="ff", **more))})
    assert not found
    (finding,) = found.blocking
    assert finding.code == "registered-content-changed"
    assert "~ checkpoint" in finding.message
    assert "and 4 more" in finding.message
    assert "bump the version" in finding.fix


def test_a_registered_version_may_change_its_description() -> None:
    assert ids(Scene().applied({MODEL: model()}).plan({MODEL: model(description="x")})) == ["update model/mnist/1"]


def test_what_is_gone_is_made_again_and_said_to_be_drift() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    del scene.memory.objects[COMPUTE]
    found = scene.plan({COMPUTE: compute()})
    (change,) = found.changes
    assert (change.action, change.origin, change.etag) == (Action.CREATE, Origin.DRIFT, None)
    assert [drift.gone for drift in found.drift] == [True]
    assert scene.plan({COMPUTE: compute(max_instances=5)}).changes[0].origin is Origin.BOTH


def test_what_is_gone_and_no_longer_wanted_is_only_forgotten() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    del scene.memory.objects[COMPUTE]
    assert [change.action for change in scene.plan({}).changes] == [Action.FORGET]


def test_a_compute_that_is_replaced_takes_its_deployment_and_the_traffic_along() -> None:
    found = Scene().applied(article()).plan(article(compute(size="other")))
    assert ids(found) == [
        "shift away traffic/mybatchedp",
        "delete deployment/mybatchedp/blue",
        "delete compute/cpu-cluster",
        "create compute/cpu-cluster",
        "create deployment/mybatchedp/blue",
        "shift traffic/mybatchedp",
    ]
    assert all(change.replacement for change in found.changes)
    reasons = {change.address: change.reason for change in found.changes}
    assert reasons[COMPUTE] == "size cannot be changed in place"
    assert reasons[BLUE] == "compute/cpu-cluster, which it refers to, is replaced"
    assert len({change.reason for change in found.changes if change.address == COMPUTE}) == 1


def test_a_deployment_that_leaves_a_replaced_compute_is_updated_in_place() -> None:
    other = wanted("compute/other", name="other", type="amlcompute")
    references = ("endpoint/mybatchedp", "model/mnist/1", "environment/mnist-env/1", "compute/other")
    moved = wanted(BLUE, references, **{**deployment("blue").attributes, "compute": "compute/other"})
    found = Scene().applied(article()).plan(article(compute(size="other"), other, moved))
    assert ids(found) == [
        "create compute/other",
        "update deployment/mybatchedp/blue",
        "delete compute/cpu-cluster",
        "create compute/cpu-cluster",
    ]


def test_deleting_what_is_still_referred_to_is_refused() -> None:
    wish = article()
    del wish[COMPUTE]
    found = Scene().applied(article()).plan(wish)
    assert "still-referenced" in codes(found)
    assert "deployment/mybatchedp/blue" in found.blocking[0].message


def test_a_reference_to_something_undeclared_is_fine_when_nobody_deletes_it() -> None:
    assert not Scene().plan({BLUE: deployment("blue")}).findings


def test_references_in_a_circle_are_named() -> None:
    one, two = wanted("compute/one", ("compute/two",)), wanted("compute/two", ("compute/one",))
    found = Scene().plan({one.address: one, two.address: two})
    assert not found
    assert codes(found) == ["reference-cycle"]
    assert "compute/one -> compute/two -> compute/one" in found.findings[0].message


def test_a_chain_of_ten_thousand_is_planned_and_ordered() -> None:
    names = [Address(f"compute/{number:05}") for number in range(10_000)]
    chain = {name: wanted(name, (names[place - 1],) if place else ()) for place, name in enumerate(names)}
    assert [change.address for change in Scene().plan(dict(reversed(chain.items()))).changes] == names
    assert reference_cycle({name: (names[place - 1],) for place, name in enumerate(names)}) == tuple(
        [names[0], *reversed(names[1:])]
    )


def test_a_second_delete_many_and_an_active_delete_are_said() -> None:
    found = Scene().applied(article()).plan({})
    assert sorted(set(codes(found))) == ["delete-active", "delete-many"]
    assert not Scene().applied(article()).plan(article(), destroy=True).blocking


def test_two_deletions_are_not_many() -> None:
    one, two = wanted("compute/one"), wanted("compute/two")
    scene = Scene().applied({one.address: one, two.address: two})
    assert not scene.plan({}).findings


@pytest.mark.parametrize("allow", ["delete-active", f"delete-active:{BLUE}"])
def test_each_finding_is_let_through_by_its_own_name(allow: str) -> None:
    scene = Scene().applied(article())
    found = scene.plan(article(compute(size="other")), allow=(allow,))
    assert [(finding.code, finding.allowed) for finding in found.findings] == [("delete-active", True)]
    assert not found.blocking
    assert scene.plan(article(compute(size="other")), allow=("delete-many", "delete-active:other")).blocking


def test_what_cannot_be_let_through_is_not() -> None:
    found = Scene().unmanaged(compute()).plan({COMPUTE: compute()}, allow=("already-exists",))
    assert found.blocking


def guarded(resource: Resource) -> Resource:
    return replace(resource, lifecycle=Lifecycle(prevent_destroy=True))


def test_a_guard_outlives_its_spec() -> None:
    scene = Scene().applied({COMPUTE: guarded(compute())})
    assert codes(scene.plan({})) == ["protected"]
    assert codes(scene.plan({COMPUTE: compute(size="other")})) == ["protected"]
    lifted = scene.plan({COMPUTE: compute()})
    assert [(change.action, change.reason) for change in lifted.changes] == [
        (Action.ADOPT, "prevent_destroy on -> off")
    ]
    assert not scene.applied({COMPUTE: compute()}).plan({}).findings


def test_a_new_guard_protects_at_once() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    assert codes(scene.plan({COMPUTE: guarded(compute(size="other"))})) == ["protected"]
    assert codes(scene.plan({COMPUTE: guarded(compute())}, destroy=True)) == ["protected"]


def test_create_before_destroy_is_refused_where_both_have_one_name() -> None:
    asked = replace(compute(size="other"), lifecycle=Lifecycle(create_before_destroy=True))
    found = Scene().applied({COMPUTE: compute()}).plan({COMPUTE: asked})
    assert codes(found) == ["create-before-destroy"]


def test_traffic_moved_in_the_world_is_moved_back_before_its_deployment_goes() -> None:
    both = article(deployment("green"))
    scene = Scene().applied(both)
    scene.someone_sets(TRAFFIC, split={"green": 100})
    scene.memory.references[TRAFFIC] = (Address("endpoint/mybatchedp"), GREEN)
    found = scene.plan(article())
    assert ids(found) == ["shift traffic/mybatchedp", "delete deployment/mybatchedp/green"]
    assert not found.blocking


def test_a_first_deployment_gets_its_traffic_without_a_warning_and_an_untried_second_with_one() -> None:
    assert not Scene().plan(article()).findings
    both = {**article(deployment("green")), TRAFFIC: traffic("green")}
    assert codes(Scene().applied(article()).plan(both)) == ["shift-unscored"]
    assert not Scene().applied(article()).plan(both, scored=frozenset({GREEN})).findings


def test_a_part_takes_what_it_needs_along_and_says_what_is_left() -> None:
    found = Scene().plan(article(), targets=("deployment/mybatchedp",))
    assert "shift traffic/mybatchedp" not in ids(found)
    assert len(found.changes) == 5
    assert found.notes == ("a part was asked for: 1 change is left out of this plan",)
    assert ids(Scene().plan(article(), excludes=("compute",))) == [
        "create model/mnist/1",
        "create environment/mnist-env/1",
        "create endpoint/mybatchedp",
    ]


def test_flags_that_name_nothing_are_said() -> None:
    nobody = Address("compute/nobody")
    found = Scene().plan(article(), targets=(nobody,), replace=(nobody,), forget=(nobody,))
    assert codes(found) == ["unknown-target"] * 3


def test_asked_for_replacement_and_refresh_only() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    assert ids(scene.plan({COMPUTE: compute()}, replace=(COMPUTE,))) == [f"delete {COMPUTE}", f"create {COMPUTE}"]
    scene.someone_sets(COMPUTE, max_instances=9)
    (change,) = scene.plan({COMPUTE: compute()}, refresh_only=True).changes
    assert change.action is Action.ADOPT
    assert change.after is not None
    assert change.after["max_instances"] == 9


def test_findings_of_the_specs_travel_with_their_places() -> None:
    warning = Finding(Severity.WARNING, "old-dialect", "endpoint/e", "is old", "write it anew", Mark("e.yml", 3, 4))
    (found,) = Scene().plan({}, findings=(warning,)).findings
    assert (found.severity, found.file, found.line, found.column) == ("warning", "e.yml", 3, 4)


def test_ignored_fields_keep_what_the_world_has_when_another_changes() -> None:
    scene = Scene().applied({COMPUTE: compute()}).someone_sets(COMPUTE, max_instances=9)
    calm = replace(compute(idle_time_before_scale_down=60), lifecycle=Lifecycle(ignore_changes=("max_instances",)))
    (change,) = scene.plan({COMPUTE: calm}).changes
    assert change.after is not None
    assert (change.after["max_instances"], change.after["idle_time_before_scale_down"]) == (9, 60)


def test_a_secret_is_sealed_before_anything_else() -> None:
    one = wanted("datastore/blob", name="blob", credentials={"account_key": Secret("hush")})
    found = Scene().plan({one.address: one})
    assert "hush" not in found.model_dump_json()
    assert "hmac-sha256:" in found.model_dump_json()


def test_a_dependency_that_only_bep_knows_is_remembered() -> None:
    one, two = wanted("compute/one"), wanted("compute/two")
    scene = Scene().applied({one.address: one, two.address: two})
    later = wanted("compute/two", ("compute/one",))
    (change,) = scene.plan({one.address: one, two.address: later}).changes
    assert (change.action, change.references) == (Action.ADOPT, (one.address,))


def test_the_same_input_gives_the_same_plan() -> None:
    wish = article(endpoint(description="x"))
    assert Scene().plan(wish) == Scene().plan(dict(reversed(wish.items())))
