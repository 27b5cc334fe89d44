"""What a plan knows beside its changes: the facts, each from values alone."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bep.planner.facts import FileDiff, FileSide, Level
from bep.planner.options import RunningJob
from bep.planner.plan import Plan
from bep.planner.rendering.text import render as render_text
from bep.planner.reviewing import risks
from bep.planner.reviewing.evidence import DIFFS_LIMIT, TEXT_LIMIT, Asked
from bep.planner.reviewing.text_diffs import DIFF_LIMIT, text_diff
from bep.planner.state import ContentRecord
from bep.schemas.address import Address
from bep.schemas.resource import Content, Resource
from bep.schemas.secrets.secret import Secret
from tests.planner.scenes import (
    Scene,
    Wish,
    article,
    compute,
    deployment,
    endpoint,
    environment,
    folder,
    model,
    traffic,
    with_code,
)

BLUE, GREEN = Address("deployment/mybatchedp/blue"), Address("deployment/mybatchedp/green")
TRAFFIC = Address("traffic/mybatchedp")


def told(plan: Plan) -> list[tuple[str, str, str]]:
    """Level, code and address of each risk."""
    return [(str(risk.level), risk.code, risk.address) for risk in plan.risks]


def both() -> Wish:
    return article(model("2"), deployment("green", "model/mnist/2"))


def test_the_active_deployment_counts_for_more_than_another() -> None:
    scene = Scene().applied(both())
    small = {"settings": {"mini_batch_size": 5}}
    assert told(scene.plan({**both(), GREEN: deployment("green", "model/mnist/2", **small)})) == []
    found = scene.plan({**both(), BLUE: deployment("blue", settings={"mini_batch_size": 5})})
    assert told(found) == [("medium", "active-changed", BLUE)]
    assert found.risks[0].message == (
        "it has the traffic of endpoint/mybatchedp and is changed in place: settings.mini_batch_size 10 -> 5"
    )
    said = {**both(), BLUE: deployment("blue", description="as asked for")}
    assert told(scene.plan(said)) == [("low", "active-changed", BLUE)]
    assert scene.plan(said).risk is Level.LOW
    results = deployment("blue", settings={"output_action": "summary_only", "output_file_name": "x.csv"})
    assert told(scene.plan({**both(), BLUE: results})) == [
        ("high", "results-changed", BLUE),
        ("medium", "active-changed", BLUE),
        ("medium", "results-changed", BLUE),
    ]


def test_traffic_is_riskier_the_less_is_known_of_where_it_goes() -> None:
    moved = {**both(), TRAFFIC: traffic("green")}
    scene = Scene().applied(both())
    assert told(scene.plan(moved)) == [("high", "traffic-to-unscored", TRAFFIC)]
    known = {"scored": frozenset({GREEN})}
    assert told(scene.plan(moved, **known)) == [("medium", "traffic-shift", TRAFFIC)]
    failed = scene.plan(moved, **known, failed={GREEN: "job-9"})
    assert told(failed) == [("high", "traffic-to-failed", TRAFFIC)]
    assert "the last job of deployment/mybatchedp/green, job-9, failed" in failed.risks[0].message
    without = {address: one for address, one in both().items() if address != TRAFFIC}
    assert told(scene.plan(without)) == [("high", "traffic-removed", TRAFFIC)]
    [route] = scene.plan(moved, **known).jobs.routes
    assert (route.before, route.after, route.scored) == ({"blue": 100}, {"green": 100}, ("green",))
    odd = deployment("green", "model/mnist/2", settings={"output_action": "summary_only"})
    other = Scene().applied({**both(), GREEN: odd}).plan({**moved, GREEN: odd}, **known)
    assert told(other)[0] == ("high", "results-changed", GREEN)


def test_what_is_deleted_or_replaced_is_told_with_what_it_means() -> None:
    scene = Scene().applied(both())
    kept = {address: one for address, one in both().items() if address != GREEN}
    assert told(scene.plan(kept)) == [("medium", "deleted", GREEN)]
    assert told(scene.plan(both(), replace=(BLUE,))) == [("high", "replaced", BLUE)]
    assert told(scene.plan(both(), replace=(GREEN,))) == [("medium", "replaced", GREEN)]
    destroyed = scene.plan(both(), destroy=True)
    assert told(destroyed)[:2] == [("high", "deleted", BLUE), ("high", "deleted", "endpoint/mybatchedp")]
    assert "it has the traffic of endpoint/mybatchedp and is deleted" in destroyed.risks[0].message


def test_a_compute_that_gets_too_small_and_an_environment_to_build_are_told() -> None:
    three = deployment("blue", resources={"instance_count": 3})
    first = Scene()
    assert ("low", "environment-to-build", "environment/mnist-env/1") in told(first.plan(article()))
    plain = article(environment(conda_file=None))
    assert told(Scene().plan(plain)) == []
    alone = deployment("blue", environment=None)
    flow = Scene().plan(article(environment(conda_file=None), model(type="mlflow_model"), alone))
    assert told(flow) == [("low", "environment-to-build", "model/mnist/1")]
    assert "the first job of blue begins with building what it is scored in" in flow.risks[0].message
    scene = first.applied(article(three, compute(max_instances=4)))
    found = scene.plan(article(three, compute(max_instances=2)))
    assert told(found) == [("high", "compute-too-small", "compute/cpu-cluster")]
    assert found.risks[0].message == "max_instances becomes 2, and deployment/mybatchedp/blue asks for 3"
    assert told(scene.plan(article(three, compute(max_instances=3)))) == []


def test_drift_is_a_risk_where_this_very_plan_takes_it_back() -> None:
    scene = Scene().applied(article()).someone_sets("compute/cpu-cluster", max_instances=50)
    seen = scene.memory.objects[Address("compute/cpu-cluster")]
    scene.memory.objects[Address("compute/cpu-cluster")] = replace(
        seen, changed_at="2026-01-02T01:00:00Z", changed_by="ops@example.com"
    )
    found = scene.plan(article())
    assert told(found) == [("medium", "drift-undone", "compute/cpu-cluster")]
    assert found.risks[0].message == (
        "it was changed outside bep by ops@example.com on 2026-01-02T01:00:00Z, "
        "and that is undone: max_instances 50 -> 2"
    )
    assert found.risks[0].fix == "keep what they did with `adopt compute/cpu-cluster`"
    assert [drift.undone for drift in found.drift] == [True]
    kept = scene.plan(article(compute(max_instances=50)))
    assert told(kept) == []
    assert [drift.undone for drift in kept.drift] == [False]
    elsewhere = scene.plan(article(endpoint(description="x")), excludes=(Address("compute"),))
    assert told(elsewhere) == []
    assert [drift.undone for drift in elsewhere.drift] == [False]
    scene.memory.lose(Address("compute/cpu-cluster"))
    assert scene.plan(article()).risks[0].message.endswith("and is made again")


def test_every_code_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs/plan-review.md").read_text()
    source = Path(risks.__file__).read_text()
    codes = set(re.findall(r'code="([a-z-]+)"', source)) | {"replaced", "deleted"}
    assert codes == set(re.findall(r"^\| `([a-z-]+)` \| (?:high|medium|low)", page, re.MULTILINE))


def test_the_effect_on_jobs_is_told_also_where_there_is_none() -> None:
    scene = Scene().applied(both())
    faster = {**both(), BLUE: deployment("blue", settings={"mini_batch_size": 5})}
    assert scene.plan(faster).jobs.affected == ()
    jobs = {BLUE: (RunningJob("a", "Running", "me", "1 of 2"), *(RunningJob(f"q{n}", "Queued") for n in range(12)))}
    found = scene.plan(faster, running_jobs=jobs).jobs
    [one] = found.affected
    assert (found.unfinished, one.running, one.waiting, len(one.jobs)) == (13, 1, 12, 10)
    assert one.effect == "they go on with what they began with"
    other = scene.plan({**both(), GREEN: deployment("green", "model/mnist/2", description="x")}, running_jobs=jobs)
    assert (other.jobs.affected, other.jobs.unfinished) == ((), 13)
    replaced = scene.plan(both(), replace=(BLUE,), running_jobs=jobs).jobs.affected
    assert replaced[0].effect.startswith("deployment/mybatchedp/blue is replaced under them, unless they are")
    alone = {BLUE: jobs[BLUE][:1]}
    assert scene.plan(faster, running_jobs=alone).jobs.affected[0].effect == "it goes on with what it began with"
    replaced = scene.plan(both(), replace=(BLUE,), running_jobs=alone).jobs.affected
    assert replaced[0].effect.startswith("deployment/mybatchedp/blue is replaced under it, unless it is")
    assert not scene.plan(faster, jobs_known=False).jobs.known


def test_files_are_told_line_by_line_where_they_are_text_and_here() -> None:
    old, before = folder(score__py=b"a\nb\n", gone__py=b"x\n", weights__bin=b"\0\1", lost__py=b"1", long__py=b"l")
    new, after = folder(
        score__py=b"a\nc\n", new__py=b"y\n", weights__bin=b"\0\2", lost__py=b"2", long__py=b"m" * (TEXT_LIMIT + 1)
    )
    files = {digest: data for digest, data in {**before, **after}.items() if data != b"1"}
    sizes = {digest: len(data) for digest, data in files.items()}
    scene = Scene().applied(article(with_code("blue", old)))
    asked = Asked(files=files, sizes=sizes)
    found = scene.plan(article(with_code("blue", new)), asked=asked)
    [change] = found.changes
    by_name = {one.name: one for one in change.files}
    assert by_name["score.py"].diff == "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert [by_name[name].symbol for name in ("new.py", "gone.py", "score.py")] == ["+", "-", "~"]
    assert by_name["new.py"].diff == "@@ -0,0 +1 @@\n+y\n"
    assert by_name["new.py"].before is None
    assert by_name["weights.bin"].why_not == "it is not text"
    assert by_name["weights.bin"].diff == ""
    assert by_name["lost.py"].why_not == "its earlier bytes are not kept"
    assert by_name["long.py"].why_not == "it is longer than 128 KiB"
    assert (by_name["score.py"].added, by_name["score.py"].removed) == (1, 1)
    green = {**article(with_code("blue", old)), GREEN: with_code("green", new)}
    [one] = scene.plan(green, asked=asked).comparisons
    first = scene.plan({**green, GREEN: deployment("green")}, asked=asked).comparisons[0]
    assert [(file.symbol, file.after) for file in first.files] == [("-", None)] * 5
    bare = {"code_configuration.code": ContentRecord(sha256=old.sha256)}
    scene.memory.objects[BLUE] = replace(scene.memory.objects[BLUE], contents=bare)
    assert scene.plan(article(with_code("blue", new)), asked=asked).changes[0].files == change.files
    bare = {"code_configuration.code": ContentRecord(sha256="f" * 64)}
    scene.memory.objects[BLUE] = replace(scene.memory.objects[BLUE], contents=bare)
    [whole] = scene.plan(article(with_code("blue", new)), asked=asked).changes[0].files
    assert (whole.name, whole.before, whole.why_not) == (
        "",
        FileSide(sha256="f" * 64),
        "which files it consisted of is not known",
    )
    assert (one.address, one.against, one.reason) == (GREEN, BLUE, "active")
    assert [diff.path for diff in one.fields] == [("code_configuration", "code")]
    assert one.files == change.files


def test_the_diffs_of_a_plan_are_bounded_together() -> None:
    lines = b"".join(b"%d\n" % number for number in range(5_000))
    old, before = folder(**{f"f{number}__py": b"%d\n" % number for number in range(120)})
    new, after = folder(**{f"f{number}__py": lines + b"%d\n" % number for number in range(120)})
    sizes = {digest: len(data) for digest, data in (before | after).items()}
    scene = Scene().applied(article(with_code("blue", old)))
    found = scene.plan(article(with_code("blue", new)), asked=Asked(files=before | after, sizes=sizes))
    [change] = found.changes
    assert (len(change.files), change.files_left_out) == (100, 20)
    assert sum(len(one.diff) for one in change.files) <= DIFFS_LIMIT
    bare = [one for one in change.files if not one.diff]
    assert bare
    assert all("longer than 1024 KiB together" in one.why_not and one.left_out > one.added for one in bare)
    few = scene.plan(article(with_code("blue", new)), asked=Asked(files=before, sizes=sizes))
    assert few.changes[0].files[0].why_not == "the files that differ have more than 16 MiB together"


def mlmodel(flavor: str, outputs: str, version: str = "2.1") -> bytes:
    signature = f"signature:\n  inputs: '[{{\"name\": \"x\"}}]'\n  outputs: '{outputs}'\n"
    return f"flavors:\n  {flavor}: {{}}\n  python_function: {{}}\nmlflow_version: {version}\n{signature}".encode()


def a_model(version: str, content: Content) -> Resource:
    return model(version, type="mlflow_model", path=content)


def test_a_model_tells_what_its_mlmodel_says_that_is_new() -> None:
    old, before = folder(MLmodel=mlmodel("sklearn", '[{"name": "y"}]'))
    new, after = folder(MLmodel=mlmodel("xgboost", '[{"name": "z"}]'))
    scene = Scene().applied(article(a_model("1", old)))
    wish = article(a_model("1", old), a_model("2", new), deployment("blue", "model/mnist/2"))
    found = scene.plan(wish, asked=Asked(files=before | after))
    [one] = found.comparisons
    assert (one.address, one.against, one.reason) == ("model/mnist/2", "model/mnist/1", "version")
    assert [said.what for said in one.model] == ["flavors", "signature.outputs"]
    assert one.model[1].after == [{"name": "z"}]
    assert ("high", "signature-changed", "model/mnist/2") in told(found)
    beside = article(a_model("1", old), a_model("2", new), deployment("green", "model/mnist/2"))
    quiet = scene.plan(beside, asked=Asked(files=before | after))
    assert ("low", "signature-changed", "model/mnist/2") in told(quiet)


def test_a_conda_file_is_compared_as_it_is_kept() -> None:
    packages: dict[str, Any] = {"name": "mnist-env", "dependencies": ["python=3.9", "pip", {"pip": ["pillow"]}]}
    newer = replace(environment(conda_file=packages), address=Address("environment/mnist-env/2"))
    found = Scene().applied(article()).plan(article(newer))
    [one] = found.comparisons
    [conda] = one.files
    assert (conda.field, conda.name, conda.before) == ("conda_file", "", None)
    assert "-  - python=3.8\n+  - python=3.9\n" in conda.diff


def test_secrets_in_files_are_masked_and_seen_to_be_exchanged() -> None:
    script = (
        'API_TOKEN = "canary{0}canary"\nopen_with(password="canary{0}canary")\n'
        'x = {{"db_password": "canary{0}"}}\nfor key in keys:\n    print(key)\ntoken = read(0)\n# known{0}known\n'
        "-----BEGIN PRIVATE KEY-----\nMIIcanary{0}\n-----END PRIVATE KEY-----\n"
    )
    old, new = script.format("7"), script.format("8")
    made = text_diff(old, new, secrets=("known7known", "known8known"), name="score.py")
    assert made["masked"]
    assert not re.search("canary|known", made["diff"])
    assert "     print(key)\n" in made["diff"]
    assert " token = read(0)\n" in made["diff"]
    assert made["diff"].count("\n-API_TOKEN = ***") == made["diff"].count("\n+API_TOKEN = ***") == 1
    data = text_diff("api_key: canary7\nname: a\n", "api_key: canary8\nname: b\n", name="x.yml")
    assert "canary" not in data["diff"]
    assert "-name: a" in data["diff"]
    assert data["masked"]
    plain = text_diff("a = 1\n", "a = 2\n", name="a.py")
    assert plain == {"diff": "@@ -1 +1 @@\n-a = 1\n+a = 2\n", "added": 1, "removed": 1, "left_out": 0, "masked": False}


CANARY = "canary7canary"
HIDING = {
    "a.sh": (f"curl --password {CANARY}", f'PASSWORD="{CANARY}" run'),
    "a.toml": (f'token = "{CANARY}"', f"db.password = '{CANARY}'"),
    "a.json": (f'{{"api_key": "{CANARY}", "x": 1}}',),
    "a.yml": (f"- name: API_TOKEN\n  value: {CANARY}", f"env: {{API_TOKEN: {CANARY}}}"),
    "notes.txt": (f"password: {CANARY}", f"--index-url https://me:{CANARY}@host/simple"),
    "a.xml": (f"<password>{CANARY}</password>",),
    "a.py": (
        f"self.token: str = '{CANARY}'",
        f"API_TOKEN = (\n    '{CANARY}'\n)",
        f"token = os.getenv('T', '{CANARY}')",
        f'os.environ["DB_PASSWORD"] = "{CANARY}"',
        "x" * 3_000 + f" {CANARY}",
    ),
}
SHOWN = ("if token:", "for key in keys:", "tokens = tokenizer(text)", "def f(password: str) -> None:", "n_tokens = 3")


def test_what_is_given_to_a_secrets_name_is_masked_in_any_language_and_code_is_not() -> None:
    for name, texts in HIDING.items():
        for text in texts:
            made = text_diff("x\n", f"{text}\n", name=name)
            assert CANARY not in made["diff"], (name, text)
            assert made["masked"], (name, text)
    for text in SHOWN:
        assert f"+{text}\n" in text_diff("x\n", f"{text}\n", name="a.py")["diff"]


def test_a_long_diff_is_cut_at_a_line_and_counted_whole() -> None:
    made = text_diff("", "".join(f"line {number}\n" for number in range(9_000)))
    assert len(made["diff"]) <= DIFF_LIMIT
    assert made["diff"].endswith("\n")
    assert made["added"] == 9_000
    assert made["left_out"] + made["diff"].count("\n") == 9_001
    assert FileDiff(symbol="+", field="path", name="x", **made).left_out > 0


def test_two_long_texts_are_not_searched_for_the_same_lines() -> None:
    ends = "first\n{}last\n"
    old, new = (ends.format("".join(f"{number * step}\n" for number in range(3_000))) for step in (1, 7))
    made = text_diff(old, new)
    assert (made["added"], made["removed"]) == (2_999, 2_999)
    assert made["diff"].startswith("@@ -1,3002 +1,3002 @@\n first\n 0\n-1\n")


def test_no_secret_of_the_specs_is_in_a_plan_through_its_files() -> None:
    old, before = folder(score__py=b"a\n")
    new, after = folder(score__py=b"connect('hush-hush-hush')\n")
    hidden = {"environment_variables": {"WORD": Secret("hush-hush-hush")}}
    blue = with_code("blue", new)
    blue = replace(blue, attributes={**blue.attributes, "settings": {**blue.attributes["settings"], **hidden}})
    asked = Asked(files=before | after, secrets=("hush-hush-hush",))
    found = Scene().applied(article(with_code("blue", old))).plan(article(blue), asked=asked)
    assert "hush" not in found.model_dump_json()
    assert found.changes[0].files[0].masked


def test_a_replacement_is_one_change_to_whoever_wants_to_undo_it() -> None:
    old, _ = folder(score__py=b"a\n")
    used = with_code("blue", old)
    found = Scene().applied(article(used)).plan(article(used, compute(size="STANDARD_DS4_V2")))
    said = render_text(found)
    assert said.count("  cannot be undone  ") == len({change.address for change in found.changes}) == 3
    assert said.count("the files of code_configuration.code are not kept") == 1
    assert "and the same of" not in said


def test_drift_of_the_active_deployment_is_told_once_and_a_text_is_in_quotation_marks() -> None:
    scene = Scene().applied(article()).someone_sets("deployment/mybatchedp/blue", description="do not touch")
    drift, active = scene.plan(article()).risks
    assert active.message == "it has the traffic of endpoint/mybatchedp and is changed in place, to what the specs ask"
    assert drift.message.endswith('that is undone: description "do not touch" -> (none)')
    faster = scene.plan(article(deployment("blue", settings={"mini_batch_size": 20}))).risks[0]
    assert faster.message.endswith('description "do not touch" -> (none), settings.mini_batch_size 10 -> 20')


def test_what_gets_traffic_back_is_not_said_to_have_scored() -> None:
    scene = Scene().applied(article(deployment("green"), traffic("green")))
    blue = Address("deployment/mybatchedp/blue")
    found = scene.plan(article(deployment("green")), scored=frozenset({blue}), takes_back=True)
    assert [risk.message.rpartition("; ")[2] for risk in found.risks] == [f"{blue} had it before"]


def calls(work: Callable[[], object]) -> int:
    """How many calls it makes: unlike time, the same on every machine."""
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return made


def test_new_versions_and_drift_take_no_more_work_each_where_there_are_many() -> None:
    def work(count: int) -> int:
        versions = [[model(str(version), name=f"m{number}") for number in range(count)] for version in (1, 2)]
        old, new = (
            {
                name: replace(one, address=name)
                for one in many
                for name in [Address(one.address.replace("mnist", one.attributes["name"]))]
            }
            for many in versions
        )
        computes = [
            replace(compute(name=f"c{number}"), address=Address(f"compute/c{number}")) for number in range(count)
        ]
        shared = {one.address: one for one in computes}
        scene = Scene().applied(shared | old)
        for name in shared:
            scene.someone_sets(name, max_instances=9)
        made: list[Plan] = []
        found = calls(lambda: made.append(scene.plan(shared | new)))
        assert len(made[0].comparisons) == len(made[0].drift) == count
        return found

    few, many = work(50), work(200)
    assert many < 4.2 * few
