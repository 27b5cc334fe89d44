"""The built-in rules of policies, each on a plan that it must not let through and on one that it must."""

from typing import Any

import pytest

from bep.planner.formats.planfile import decode, distrust, encode, signed
from bep.planner.plan import Action, Change, Plan, PlanFinding, Verdict
from bep.planner.planning.policies import RULES, broken, judge
from bep.planner.rendering.markdown import render as as_markdown
from bep.planner.rendering.text import render as as_text
from bep.schemas.address import Address
from bep.schemas.kinds.published import schema_of
from bep.schemas.mark import Mark
from bep.schemas.workspace.policies import COMMANDS, Effect, Policy


def change(address: str, action: str = "create", after: dict[str, Any] | None = None, **said: Any) -> Change:
    after = None if action in ("delete", "forget") else after or {}
    return Change(id=f"{action} {address}", address=Address(address), action=Action(action), after=after, **said)


def plan(*changes: Change, **said: Any) -> Plan:
    return Plan(lineage="l", serial=1, changes=changes, **said)


def policy(rule: str, setting: Any, **said: Any) -> Policy:
    return Policy("p", rule, setting, Mark("policies/team.yml", 3, 11), **said)


def found(asked: Policy, *changes: Change, **said: Any) -> list[str]:
    judgement = judge(asked, plan(*changes, **said))
    assert (judgement.verdict is Verdict.PASS) == (not judgement.violations)
    return [f"{one.address}: {one.message}".removeprefix(": ") for one in judgement.violations]


SHIFT = {"before": {"split": {"blue": 100}}, "after": {"split": {"green": 100}}}
NINE = change("compute/cpu", after={"max_instances": 9, "size": "Standard_NC24ads_A100_v4"})

BROKEN: list[tuple[str, Any, tuple[Change, ...], list[str]]] = [
    (
        "name_pattern",
        "^vision-",
        (change("compute/cpu"), change("deployment/vision-e/vision-b"), change("model/lenet/3")),
        [
            "compute/cpu: its name is cpu, and must match ^vision-",
            "model/lenet/3: its name is lenet, and must match ^vision-",
        ],
    ),
    (
        "required_tags",
        ["owner", "cost"],
        (
            change("endpoint/e", after={"tags": {"owner": "me", "cost": ""}}),
            change("endpoint/f", "update", {"tags": {"owner": "me", "cost": "1"}}),
            change("traffic/e", "shift", {"split": {}}),
        ),
        ["endpoint/e: it has no tag cost"],
    ),
    (
        "max_instances",
        8,
        (NINE, change("deployment/e/b", after={"resources": {"instance_count": 8}}), change("compute/gone", "delete")),
        ["compute/cpu: max_instances is 9, and may be 8 at most"],
    ),
    (
        "forbidden_sizes",
        ["STANDARD_NC*", "standard_ds1"],
        (NINE, change("deployment/e/b", after={"resources": {"instance_type": "Standard_DS1"}})),
        [
            "compute/cpu: size is Standard_NC24ads_A100_v4, which is forbidden (STANDARD_NC*)",
            "deployment/e/b: resources.instance_type is Standard_DS1, which is forbidden",
        ],
    ),
    (
        "no_direct_shift",
        True,
        (change("deployment/e/green"), change("traffic/e", "shift", **SHIFT)),
        [
            "traffic/e: the traffic moves to deployment/e/green, which this very plan makes or changes: apply that "
            "first, and score with it by name"
        ],
    ),
    (
        "max_deletions",
        1,
        (change("compute/a", "delete"), change("compute/b", "delete"), change("compute/c", "forget")),
        ["2 resources are deleted, and 1 may be: compute/a, compute/b"],
    ),
    (
        "models_from",
        ["prod-*"],
        (
            change("deployment/e/a", after={"model": "model/lenet/3"}),
            change("deployment/e/b", after={"model": "azureml://registries/dev/models/lenet/versions/3"}),
            change("deployment/e/c", after={"model": "azureml://registries/prod-eu/models/lenet/versions/3"}),
        ),
        [
            "deployment/e/a: its model is model/lenet/3, and must come from a registry: prod-*",
            "deployment/e/b: its model is azureml://registries/dev/models/lenet/versions/3, and must come from a "
            "registry: prod-*",
        ],
    ),
]


@pytest.mark.parametrize(("rule", "setting", "changes", "said"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_rule_says_what_breaks_it_and_nothing_of_the_rest(
    rule: str, setting: Any, changes: tuple[Change, ...], said: list[str]
) -> None:
    assert found(policy(rule, setting), *changes) == said
    about = sorted({line.partition(":")[0] for line in said if line[0].islower()})
    assert found(policy(rule, setting, addresses=("*", *(f"!{one}" for one in about or ["compute/b"]))), *changes) == []


def test_every_rule_of_the_schema_is_judged_here_or_runs_something() -> None:
    rules = schema_of("policies")["properties"]["policies"]["items"]["properties"]["rule"]["properties"]
    assert {*RULES, *COMMANDS} == {*rules} == {*(one[0] for one in BROKEN), *COMMANDS}


def test_traffic_moves_freely_to_what_has_scored_and_where_none_was() -> None:
    rule = policy("no_direct_shift", True)
    first = change("traffic/e", "shift", {"split": {"green": 100}})
    assert found(rule, change("deployment/e/green"), first) == []
    moved = change("traffic/e", "shift", **SHIFT)
    assert found(rule, moved) == []
    warned = PlanFinding(severity="warning", code="shift-unscored", address="traffic/e", message="never scored")
    assert found(rule, moved, findings=(warned,)) == [
        "traffic/e: the traffic moves to deployment/e/green, which has never scored anything, as far as is known: "
        "score with it by name first"
    ]


def test_a_policy_that_warns_denies_nothing_and_one_that_breaks_denies_whatever_its_effect() -> None:
    warns = policy("max_instances", 8, effect=Effect.WARN, description="ask us")
    judgement = judge(warns, plan(NINE))
    crashed = broken(warns, "it ended with exit code 2", "Traceback\n\n  boom\n")
    assert [judgement.verdict, crashed.verdict] == [Verdict.WARN, Verdict.BROKEN]
    judged = plan(NINE).model_copy(update={"policies": (judgement,)})
    assert judged.denials == ()
    assert "1 policy holds, 1 with warnings." in as_text(judged)
    assert "- **warning** policy p: ask us (`policies/team.yml:3`)\n" in as_markdown(judged)
    denied = plan(NINE).model_copy(update={"policies": (judgement, crashed)})
    assert denied.denials == (crashed,)
    assert "it could not be judged: it ended with exit code 2\n            Traceback\n              boom\n" in as_text(
        denied
    )
    assert "Denied by 1 of 2 policies: p." in as_text(denied)
    assert as_markdown(denied).splitlines()[2:5] == ["### Plan: cannot be applied", "", "**Denied by policy p.**"]


def test_violations_beyond_ten_are_counted() -> None:
    many = [change(f"compute/c{number}", after={"max_instances": 9}) for number in range(12)]
    judged = plan(*many).model_copy(update={"policies": (judge(policy("max_instances", 8), plan(*many)),)})
    for shown in (as_text(judged), as_markdown(judged)):
        assert shown.count("may be 8 at most") == 10
        assert "and 2 more" in shown
    assert len(decode(encode(signed(judged, "key"))).policies[0].violations) == 12


def test_what_policies_say_is_signed_and_a_plan_from_before_them_is_still_trusted() -> None:
    judged = plan(NINE).model_copy(update={"policies": (judge(policy("max_instances", 8), plan(NINE)),)})
    kept = decode(encode(signed(judged, "key")))
    assert distrust(kept, "key") == ""
    assert "altered" in distrust(kept.model_copy(update={"policies": ()}), "key")
    before = signed(plan(NINE, format_version=2), "key")
    text = encode(before).replace(',\n  "policies": []', "").replace('  "policies": [],\n', "")
    assert "policies" not in text
    assert distrust(decode(text), "key") == ""
