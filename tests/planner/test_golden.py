"""What a person reads of a plan, in the terminal and in a pull request. Read each golden file as they would."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bep.command_words import plan_said
from bep.planner.facts import GivenValue, Level, OutputDiff, Risk, Since, SinceChange
from bep.planner.formats import planfile
from bep.planner.options import RunningJob
from bep.planner.plan import Judgement, Plan, Verdict, Violation
from bep.planner.rendering import markdown as render_markdown
from bep.planner.rendering import text as render_text
from bep.planner.reviewing.evidence import Asked
from bep.schemas.address import Address, kind_of
from bep.schemas.resource import Lifecycle, Reference, Resource
from bep.schemas.secrets.secret import Secret
from tests.planner.scenes import (
    Scene,
    Wish,
    article,
    compute,
    content,
    deployment,
    endpoint,
    environment,
    folder,
    model,
    traffic,
    wanted,
    with_code,
)


def first() -> Plan:
    return Scene().plan(article())


SCRIPT = """import os


def run(mini_batch):
    return [f"{os.path.basename(path)} {predict(path)}" for path in mini_batch]
"""


def blue_green() -> Plan:
    green = deployment("green", settings={"mini_batch_size": 20})
    return Scene().applied(article()).plan(article(green))


def one_field() -> Plan:
    return Scene().applied(article()).plan(article(deployment("blue", settings={"mini_batch_size": 20})))


def one_line_of_a_script() -> Plan:
    old, before = folder(score__py=SCRIPT.encode(), labels__bin=b"\0\1")
    new, after = folder(score__py=SCRIPT.replace("predict(path)", "predict(path):.3f").encode(), labels__bin=b"\0\1")
    asked = Asked(files=before | after, sizes={digest: len(data) for digest, data in (before | after).items()})
    return Scene().applied(article(with_code("blue", old))).plan(article(with_code("blue", new)), asked=asked)


def conda_file_changed() -> Plan:
    conda = {"name": "mnist-env", "dependencies": ["python=3.8", "pip", {"pip": ["tensorflow==2.15", "pillow"]}]}
    second = replace(environment(version="2", conda_file=conda), address=Address("environment/mnist-env/2"))
    blue = deployment("blue", environment=second.address)
    blue = replace(blue, references=(*blue.references, Reference(("environment",), second.address)))
    return Scene().applied(article()).plan(article(second, blue))


def drift_only() -> Plan:
    scene = Scene().applied(article()).someone_sets("compute/cpu-cluster", max_instances=50)
    seen = scene.memory.objects[Address("compute/cpu-cluster")]
    known = replace(seen, changed_at="2026-01-02T01:00:00Z", changed_by="ops@example.com")
    scene.memory.objects[Address("compute/cpu-cluster")] = known
    return scene.plan(article())


def running_jobs() -> Plan:
    jobs = (RunningJob("job-17", "Running", "nightly", "40 of 100 mini-batches"), RunningJob("job-18", "Queued", "ci"))
    faster = article(deployment("blue", settings={"mini_batch_size": 20}))
    return Scene().applied(article()).plan(faster, running_jobs={Address("deployment/mybatchedp/blue"): jobs})


def in_countries(count: int, wish: Wish) -> Wish:
    """The article's own, and the same for each of so many countries."""
    own = {address: one for address, one in wish.items() if kind_of(address) in ("compute", "environment")}
    for number in range(count):
        for address, one in wish.items():
            if address not in own:
                own |= {found.address: found for found in (in_country(one, f"{number:02}"),)}
    return own


def in_country(one: Resource, country: str) -> Resource:
    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(inside) for name, inside in value.items()}
        return re.sub("mybatchedp|mnist(?=/|$)", rf"\g<0>-{country}", value) if isinstance(value, str) else value

    refers = tuple(replace(each, address=Address(named(each.address))) for each in one.references)
    return replace(one, address=Address(named(one.address)), attributes=named(one.attributes), references=refers)


def thirty_alike() -> Plan:
    old = article()
    new = article(model("2"), deployment("green", "model/mnist/2"), traffic("green"))
    return Scene().applied(in_countries(30, old)).plan(in_countries(30, new))


def told_all() -> Plan:
    """Values, outputs, what is new since the earlier plan, policies: what is asked for beside the changes."""
    plan = one_field()
    since = Since(
        digest="sha256:0",
        created_at="2026-01-02T02:00:00Z",
        new=(SinceChange(id=plan.changes[0].id, address=plan.changes[0].address),),
        same=2,
        gone_risks=(Risk(level=Level.HIGH, code="deleted", address=Address("compute/old"), message="it is deleted"),),
        risk=Level.HIGH,
    )
    given = GivenValue(name="batch", value="20", source="stage", place="stages.yml:4")
    quota = Violation(address="compute/cpu-cluster", message="it may have 2 instances, and 1 may be")
    asked = Judgement(policy="quota", verdict=Verdict.WARN, description="ask ops", file="bep.yml", line=9)
    policies = (
        asked.model_copy(update={"violations": (quota,)}),
        Judgement(policy="names", verdict=Verdict.PASS, file="bep.yml", line=12),
    )
    outputs = (OutputDiff(name="batch_size", before=10, after=20), OutputDiff(name="uri", before="x", known=False))
    told = {"values": (given,), "outputs": outputs, "since": since, "policies": policies, "stage": "prod"}
    return planfile.signed(plan.model_copy(update=told), "key")


def foreign_names() -> Plan:
    digits = wanted(
        "model/zähler-数字/1",
        name="zähler-数字",
        version="1",
        type="custom_model",
        description="Ziffern, 数字 \U0001f522",
    )
    return Scene().plan({digits.address: digits})


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


UNDO = "`bep rollback`"

SCENES: list[Callable[[], Plan]] = [
    first,
    one_field,
    one_line_of_a_script,
    conda_file_changed,
    blue_green,
    drift_only,
    running_jobs,
    thirty_alike,
    told_all,
    foreign_names,
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
    golden(f"planner/{name}.txt", render_text.render(plan_said(found), width=110, undo=UNDO))
    golden(f"planner/{name}.md", render_markdown.render(plan_said(found), undo=UNDO))
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


def test_colour_adds_nothing_but_colour_and_a_terminal_is_not_too_narrow_for_any_sentence() -> None:
    for scene in SCENES:
        found = scene()
        for width in (0, 70):
            plain = render_text.render(found, width=width, concise=bool(width))
            coloured = render_text.render(found, colour=True, width=width, concise=bool(width))
            assert re.sub(r"\x1b\[\d*m", "", coloured) == plain
        assert "\nDetails\n" not in plain
        wide = [line for line in plain.splitlines() if len(line) > 70]
        assert all(" " not in line[60:] for line in wide), wide
