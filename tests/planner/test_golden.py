"""What a person reads of a plan, in the terminal and in a pull request. Read each golden file as they would."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bep.command_words import plan_said
from bep.planner.formats import planfile
from bep.planner.options import RunningJob
from bep.planner.plan import Plan
from bep.planner.rendering import markdown as render_markdown
from bep.planner.rendering import text as render_text
from bep.schemas.address import Address
from bep.schemas.resource import Lifecycle, Resource
from bep.schemas.secrets.secret import Secret
from tests.planner.scenes import (
    Scene,
    article,
    compute,
    content,
    deployment,
    endpoint,
    environment,
    model,
    traffic,
    wanted,
)


def first() -> Plan:
    return Scene().plan(article())


def second_deployment() -> Plan:
    return Scene().applied(article()).plan(article(model("2"), deployment("green", "model/mnist/2")))


def traffic_moved() -> Plan:
    both = article(model("2"), deployment("green", "model/mnist/2"))
    return Scene().applied(both).plan({**both, Address("traffic/mybatchedp"): traffic("green")})


def old_one_removed() -> Plan:
    both = article(model("2"), deployment("green", "model/mnist/2"))
    scene = Scene().applied(both)
    moved = {**both, Address("traffic/mybatchedp"): traffic("green")}
    del moved[Address("deployment/mybatchedp/blue")], moved[Address("model/mnist/1")]
    return scene.plan(moved, scored=frozenset({Address("deployment/mybatchedp/green")}))


def nothing() -> Plan:
    return Scene().applied(article()).plan(article())


def edited() -> Plan:
    packages = {"name": "mnist-env", "dependencies": ["python=3.9", "pip", {"pip": ["tensorflow==2.4", "pillow"]}]}
    blue = deployment("blue", settings={"mini_batch_size": 5, "output_file_name": "001"}, description="as asked for")
    return Scene().applied(article()).plan(article(blue, compute(max_instances=4), environment(conda_file=packages)))


def drifted() -> Plan:
    scene = Scene().applied(article())
    scene.someone_sets("compute/cpu-cluster", max_instances=50, idle_time_before_scale_down=7200)
    scene.someone_sets("endpoint/mybatchedp", description="do not touch, says ops")
    del scene.memory.objects[Address("deployment/mybatchedp/blue")]
    return scene.plan(article(compute(max_instances=4), endpoint(description="scores digits")))


def replaced() -> Plan:
    return Scene().applied(article()).plan(article(compute(size="STANDARD_DS4_V2")))


def refused() -> Plan:
    scene = Scene().applied(article())
    scene.unmanaged(wanted("datastore/blob", name="blob", type="local_folder", path="/data"))
    changed = content("mnist/model", checkpoint="ef", variables="aa")
    return scene.plan(article(model(path=changed), wanted("datastore/blob", name="blob", type="local_folder")))


def dangerous() -> Plan:
    guarded = replace(compute(), lifecycle=Lifecycle(prevent_destroy=True))
    scene = Scene().applied(article(guarded))
    jobs = (RunningJob("job-17", "Running", "nightly", "40 of 100 mini-batches"), RunningJob("job-18", "Queued", "ci"))
    return scene.plan(
        {Address("endpoint/mybatchedp"): endpoint()},
        running_jobs={Address("deployment/mybatchedp/blue"): jobs},
        allow=("delete-many",),
    )


def secrets() -> Plan:
    def store(key: str) -> Resource:
        hidden = {"account_key": Secret(key)}
        return wanted("datastore/blob", name="blob", type="azure_blob", account_name="taxi", credentials=hidden)

    before, after = store("hush hush"), store("hush, hushed")
    return Scene().applied({before.address: before}).plan({after.address: after})


def imported() -> Plan:
    scene = Scene().unmanaged(compute(max_instances=9)).unmanaged(endpoint())
    return scene.plan(
        {found.address: found for found in (compute(), endpoint())},
        imports=(Address("compute/cpu-cluster"), Address("endpoint/mybatchedp")),
    )


def state_only() -> Plan:
    scene = Scene().applied(article())
    scene.someone_sets("compute/cpu-cluster", max_instances=4)
    guarded = replace(endpoint(), lifecycle=Lifecycle(prevent_destroy=True))
    return scene.plan(article(compute(max_instances=4), guarded), forget=(Address("traffic/mybatchedp"),))


def ignored() -> Plan:
    scene = Scene().applied(article())
    scene.someone_sets("compute/cpu-cluster", max_instances=50)
    calm = replace(compute(), lifecycle=Lifecycle(ignore_changes=("max_instances",)))
    return scene.plan(article(calm), notes=("an apply by ci on host build-7 is running since 02:58, 3 of 9 done",))


def circular() -> Plan:
    return Scene().plan(
        {
            found.address: found
            for found in (wanted("compute/one", ("compute/two",)), wanted("compute/two", ("compute/one",)))
        }
    )


def nasty() -> Plan:
    text = "</details>\x1b[2J```\n# @everyone | <script>alert(1)</script> \u202e [x](http://evil) --> "
    bad = wanted("compute/x", name="x", type=text, max_instances=1, description=text)
    return Scene().plan({bad.address: bad})


def destroyed() -> Plan:
    return Scene().applied(article()).plan(article(), destroy=True)


SCENES: list[Callable[[], Plan]] = [
    first,
    second_deployment,
    traffic_moved,
    old_one_removed,
    nothing,
    edited,
    drifted,
    replaced,
    refused,
    dangerous,
    secrets,
    imported,
    state_only,
    ignored,
    circular,
    nasty,
    destroyed,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_a_person_reads(scene: Callable[[], Plan], golden: Callable[[str, str], None]) -> None:
    found = scene()
    name = scene.__name__.replace("_", "-")
    golden(f"planner/{name}.txt", render_text.render(plan_said(found)))
    golden(f"planner/{name}.md", render_markdown.render(plan_said(found)))
    read_back = planfile.decode(planfile.encode(found))
    assert read_back == found
    assert render_text.render(read_back) == render_text.render(found)
    assert render_markdown.render(read_back) == render_markdown.render(found)


def test_the_plan_of_the_article_comes_in_the_order_people_tell_it() -> None:
    assert [change.id for change in first().changes] == [
        "create compute/cpu-cluster",
        "create model/mnist/1",
        "create environment/mnist-env/1",
        "create endpoint/mybatchedp",
        "create deployment/mybatchedp/blue",
        "shift traffic/mybatchedp",
    ]


def test_traffic_moves_away_before_the_old_deployment_goes() -> None:
    found = old_one_removed()
    assert [change.id for change in found.changes] == [
        "retain model/mnist/1",
        "shift traffic/mybatchedp",
        "delete deployment/mybatchedp/blue",
    ]
    assert not found.findings


def test_no_secret_and_no_sealed_digest_is_rendered() -> None:
    found = secrets()
    written = planfile.encode(found)
    assert "hush" not in written
    for text in (render_text.render(found), render_text.render(found, colour=True), render_markdown.render(found)):
        assert "(sensitive)" in text
        assert "hmac" not in text


def test_colour_adds_nothing_but_colour() -> None:
    for scene in SCENES:
        found = scene()
        assert re.sub(r"\x1b\[\d*m", "", render_text.render(found, colour=True)) == render_text.render(found)
