"""`policies:` in bep.yml as a team meets them: in plans, at applies, in their own cases, for pull requests."""

import fcntl
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bep import api
from bep.app.workspace.commands import MOST, CommandFailed, run_command
from bep.cli import run
from tests.bep.conftest import FILES, until, write

Say = Callable[..., tuple[int, str]]

QUOTA = "{name: quota, description: ask us, rule: {max_instances: 1}}"


def team(*policies: str) -> str:
    return "kind: policies\npolicies:\n" + "".join(f"  - {one}\n" for one in policies)


def command(program: str, *more: str, **said: object) -> str:
    """A policy that runs a program of Python."""
    words = json.dumps([sys.executable, "-c", program, *more])
    rest = "".join(f", {name}: {json.dumps(value)}" for name, value in said.items())
    return f"{{name: own, rule: {{command: {words}}}{rest}}}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small workspace, with a file of policies that has one."""
    write(tmp_path, {**FILES, "bep.yml": FILES["bep.yml"] + "policies: [policies/*.yml]\n"})
    write(tmp_path, {"policies/team.yml": team(QUOTA)})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def say(folder: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """bep in that folder, in this process: its exit code, and all that it said."""

    def said(*arguments: str) -> tuple[int, str]:
        code = run(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return said


def one_line(shown: str) -> str:
    """What was shown, however it was laid out."""
    return " ".join(shown.split())


def judge(folder: Path, *policies: str, **asked: bool) -> tuple[str, tuple[str, ...]]:
    """The verdict of the only policy on the workspace's first plan, and what it says."""
    write(folder, {"policies/team.yml": team(*policies)})
    [judgement] = api.Workspace.open(folder).plan(**asked).policies  # type: ignore[arg-type]
    return judgement.verdict, judgement.violations


def test_a_plan_that_a_policy_denies_is_shown_kept_and_not_applied(folder: Path, say: Say) -> None:
    code, shown = say("plan", "-o", "plan.json")
    assert code == 6
    told = "denied policy quota: ask us (policies/team.yml:3) compute/cpu-cluster: max_instances is 2"
    assert told in one_line(shown)
    assert "`bep apply plan.json` is refused" in shown
    kept = json.loads((folder / "plan.json").read_text())["policies"]
    assert [(one["policy"], one["verdict"], one["line"]) for one in kept] == [("quota", "deny", 3)]
    write(folder, {"policies/team.yml": team(QUOTA.replace(": 1}", ": 2}"))})
    for arguments in (("apply", "plan.json"), ("show", "plan.json")):
        code, shown = say(*arguments)
        assert ("Denied by 1 policy: quota." in shown, code) == (True, 6 if arguments[0] == "apply" else 0)
    code, shown = say("plan", "-o", "plan.json")
    assert (code, "1 policy holds." in shown, "does exactly this" in shown) == (0, True, True)
    write(folder, {"policies/team.yml": team(QUOTA)})
    code, shown = say("apply", "plan.json")
    assert code == 6
    assert "a policy denies the plan; nothing was changed\n  quota: compute/cpu-cluster: max_instances is 2" in shown
    assert api.Workspace.open(folder).show() == []
    with pytest.raises(api.PlanDenied, match="policy quota: compute/cpu-cluster: max_instances is 2"):
        api.Workspace.open(folder).apply(confirm=api.approve)
    write(folder, {"policies/team.yml": team(QUOTA.replace("quota,", "quota, effect: warn,"))})
    code, shown = say("apply", "plan.json")
    assert (code, "Done: 6 done." in shown) == (0, True)
    assert say("apply", "-y")[0] == 0
    write(folder, {"policies/team.yml": team(QUOTA)})
    taken = [say(*words)[0] for words in (("state", "rm", "compute/cpu-cluster"), ("import", "compute/cpu-cluster"))]
    assert taken == [0, 0], "what changes no object is not judged"
    write(folder, {"policies/team.yml": team("{name: keep, rule: {max_deletions: 0}}")})
    assert say("destroy", "-y")[0] == 6
    assert "5 resources are deleted, and 0 may be" in say("plan", "--destroy", "--markdown")[1]
    assert say("rollback", "-y", "--allow", "delete-active", "--allow", "delete-many")[0] == 0


def test_a_policy_holds_in_its_stages(folder: Path) -> None:
    write(folder, {"bep.yml": (folder / "bep.yml").read_text() + "stages: {staging: {}, production: {}}\n"})
    write(folder, {"policies/team.yml": team(QUOTA.replace("quota,", "quota, stages: [production],"))})
    plans = [api.Workspace.open(folder, stage=stage).plan() for stage in ("staging", "production")]
    assert [[one.verdict for one in plan.policies] for plan in plans] == [[], ["deny"]]


def test_all_that_is_wrong_with_policies_is_said_with_its_place(folder: Path, say: Say) -> None:
    wrong = (
        "{name: a, rule: {max_instances: 1, max_deletions: 1}}",
        "{name: b, rule: {max_instance: 1}, efect: warn}",
        "{name: c, rule: {max_instances: many}}",
        "{name: D, rule: {}}",
    )
    write(folder, {"policies/team.yml": team(*wrong)})
    code, shown = say("validate")
    assert code == 3
    assert [line for line in shown.splitlines() if line.startswith("policies/")] == [
        "policies/team.yml:3:21: error: policies: policies[0].rule takes only one of name_pattern, required_tags, "
        "max_instances, forbidden_sizes, no_direct_shift, max_deletions, models_from, python or command",
        "policies/team.yml:4:22: error: policies: 'max_instance' is not a field of 'policies[1].rule'",
        "policies/team.yml:4:40: error: policies: 'efect' is not a field of 'policies[1]'",
        "policies/team.yml:5:37: error: policies: policies[2].rule.max_instances must be a whole number, not the text "
        "'many'",
        "policies/team.yml:6:12: error: policies: policies[3].name cannot be 'D'",
        "policies/team.yml:6:21: error: policies: policies[3].rule needs name_pattern, required_tags, max_instances, "
        "forbidden_sizes, no_direct_shift, max_deletions, models_from, python or command",
    ]
    sound = (
        '{name: names, rule: {name_pattern: "(("}}',
        "{name: names, rule: {python: owners.py:check}}",
        "{name: other, rule: {max_deletions: 1}, stages: [prod]}",
        "{name: quota, rule: {max_instances: 1}, timeout: 3, environment: [A]}",
        "{name: own, rule: {command: [a]}, addresses: [compute/*], timeout: 3}",
    )
    write(folder, {"policies/team.yml": team(*sound), "bep.yml": (folder / "bep.yml").read_text() + "  # \n"})
    code, shown = say("validate", "-o", "json")
    found = [(one["code"], one["line"]) for one in json.loads(shown)["findings"]]
    assert sorted(found) == [
        *(("file-not-found", 4), ("policy-pattern", 3), ("policy-twice", 4)),
        *(("policy-word-unused", 6), ("policy-word-unused", 6), ("policy-word-unused", 7), ("unknown-stage", 5)),
    ]
    assert say("plan")[0] == 3
    write(folder, {"policies/team.yml": "# cut short\n"})
    code, shown = say("plan")
    assert (code, "policies/team.yml is empty: a file of policies needs 'policies'" in shown) == (3, True)
    write(folder, {"bep.yml": FILES["bep.yml"] + "policies: [polices/*.yml]\n"})
    assert "no file matches polices/*.yml" in say("plan")[1]


def test_a_file_of_policies_is_no_spec_and_can_be_looked_at_by_its_name(folder: Path, say: Say) -> None:
    write(folder, {"bep.yml": FILES["bep.yml"].replace("[specs.yml]", "['**/*.yml']") + "policies: [policies/*.yml]\n"})
    assert say("validate") == (0, "The specs are valid: 6 resources.\n")
    assert say("validate", "policies/team.yml")[0] == 0
    say("schema", "export", ".schemas")
    told = json.loads((folder / ".vscode/settings.json").read_text())["yaml.schemas"]
    assert told["./.schemas/policies.schema.json"] == ["policies/team.yml"]
    write(folder, {"policies/team.yml": team("{name: x}")})
    code, shown = say("validate", "policies/team.yml")
    assert (code, "policies[0] needs 'rule'" in shown) == (3, True)


PRINTS = "import sys; sys.stdin.read(); print(sys.argv[1].replace('s_ig', 'sig')); sys.exit(int(sys.argv[2]))"
OUTPUTS = {
    "nothing": ("", "0", "pass", ()),
    "a note": ("all is well", "0", "pass", ()),
    "lines": ("FAIL - main - no\n\n1 test, 0 passed", "1", "deny", ("FAIL - main - no", "1 test, 0 passed")),
    "opa": ('{"deny": ["no"], "warn": [{"msg": "hm"}], "sizes": [1]}', "0", "deny", ("no", "hm")),
    "opa, nothing": ('{"deny": [], "warn": false}', "0", "pass", ()),
    "opa, a rule": ('{"deny": true}', "0", "deny", ("it says so, without a reason",)),
    "addresses": ('{"warn": [{"message": "m", "address": "endpoint/e"}]}', "0", "warn", ("endpoint/e: m",)),
    "conftest": (
        '[{"filename": "", "successes": 1, "failures": [{"msg": "no"}], "warnings": [{"msg": "hm"}]}]',
        "1", "deny", ("no", "hm"),
    ),
    "conftest, warnings": ('[{"filename": "", "successes": 1, "warnings": [{"msg": "hm"}]}]', "0", "warn", ("hm",)),
    "texts": ('["no"]', "0", "deny", ("no",)),
    "1 and nothing": ("", "1", "deny", ("it ended with exit code 1",)),
    "1 and warnings": ('{"warn": ["hm"]}', "1", "deny", ("hm", "it ended with exit code 1")),
    "an error": ("no rule", "2", "broken", ("it could not be judged: it ended with exit code 2", "no rule")),
    "broken JSON": (
        '{"deny": [', "0", "broken",
        (
            "it could not be judged: it printed broken JSON: Expecting value: line 2 column 1 (char 11)",
            '{"deny": [',
        ),
    ),
    "a log": ("[INFO] all is well", "0", "pass", ()),
    "a mark of the order of bytes": ('\ufeff{"deny": ["no"]}', "0", "deny", ("no",)),
    "a log ahead of JSON": (
        'loading\n{"deny": ["no"]}', "0", "broken",
        (
            "it could not be judged: it printed JSON after something else, so that it is not read",
            "loading", '{"deny": ["no"]}',
        ),
    ),
    "opa eval, as JSON": (
        '{"result": [{"expressions": [{"value": {"deny": ["no"]}}]}]}', "0", "broken",
        ("it could not be judged: it printed JSON without deny and warn, but with result",),
    ),
    "conftest, another package": (
        '[{"filename": "-", "namespace": "main", "successes": 0}]', "0", "broken",
        ("it could not be judged: it asked no rule: there is none in the packages that it looked at",),
    ),
    "no violation": (
        '{"deny": [3]}', "0", "broken",
        ("it could not be judged: it printed what is no violation: 3; one is a text, or has a message and an address",),
    ),
    "a secret": (
        "https://a.blob.core.windows.net/c?sv=2022&s_ig=Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0Z2Fy", "1", "deny", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_a_command_prints_is_its_verdict(folder: Path, name: str) -> None:
    printed, code, verdict, said = OUTPUTS[name]
    found = judge(folder, command(PRINTS, printed, code))
    assert found[0] == verdict
    if said is None:
        assert "Zm9v" not in found[1][0]
    else:
        assert found[1] == said


def test_a_command_reads_the_plan_in_its_own_folder_and_little_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-value")
    monkeypatch.setenv("TEAM", "vision")
    monkeypatch.setenv("REGISTRY_TOKEN", "another-canary")
    program = (
        "import json, os, sys; plan = json.load(sys.stdin);"
        "print(json.dumps([plan['workspace'], os.path.basename(os.getcwd()), len(plan['changes']),"
        " os.environ.get('GITHUB_TOKEN'), os.environ.get('TEAM'), 'PATH' in os.environ])); sys.exit(1)"
    )
    program = program.replace("print(json.dumps(", "print('said:', json.dumps(")
    verdict, said = judge(folder, command(program, environment=["TEAM"]))
    assert (verdict, said) == ("deny", ('said: ["letters", "policies", 6, null, "vision", true]',))
    program = "import os, sys; sys.stdin.read(); sys.exit('told ' + os.environ['REGISTRY_TOKEN'])"
    assert judge(folder, command(program, environment=["REGISTRY_TOKEN"])) == ("deny", ("told **************",))


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (command("import time; print('begun', flush=True); time.sleep(60)", timeout=1), "did not end within 1 second"),
        (command(f"print('x' * {MOST + 1})"), "printed more than 1,000,000 bytes"),
        (command("import os; os.kill(os.getpid(), 9)"), "was ended by signal 9"),
        (command("import os, time; os.fork() or time.sleep(60)"), "left a process behind that goes on with its output"),
        ("{name: own, effect: warn, rule: {command: [./nowhere]}}", "./nowhere cannot be started: No such file"),
        ("{name: own, effect: warn, rule: {python: 'owners.py:check'}}", "ended with exit code 2"),
        ("{name: own, rule: {python: 'owners.py:nothing'}}", "ended with exit code 2"),
        ("{name: own, rule: {python: 'owners.py:number'}}", "ended with exit code 2"),
        ("{name: own, rule: {python: 'owners.py:leave'}}", "its function ended before there was an answer"),
    ],
)
def test_a_policy_that_cannot_be_asked_denies_and_says_why(folder: Path, policy: str, why: str) -> None:
    functions = (
        "number = lambda plan: 3\n\nleave = lambda plan: exit(0)\n\ndef check(plan):\n    return plan['nothing']\n"
    )
    write(folder, {"policies/owners.py": functions})
    verdict, said = judge(folder, policy)
    assert verdict == "broken"
    assert said[0].startswith("it could not be judged: ")
    assert why in said[0]
    if "owners.py" in policy and "leave" not in policy:
        last = {"check": "KeyError: 'nothing'", "nothing": "has no function nothing", "number": "returned int"}
        assert last[policy.rpartition(":")[2].rstrip("'}")] in said[-1]


def test_a_python_function_may_say_it_in_many_ways(folder: Path) -> None:
    write(
        folder,
        {
            "policies/rules.py": """
from beside import first


def nothing(plan):
    print("noise")


def yes(plan):
    return True


def no(plan):
    return False


def each(plan):
    for change in plan["changes"]:
        if change["address"] == first:
            yield {"address": first, "message": "no"}


def warns(plan):
    return {"warn": ["hm"]}
""",
            "policies/beside.py": "first = 'endpoint/letters'\n",
        },
    )
    said = {name: judge(folder, f"{{name: own, rule: {{python: 'rules.py:{name}'}}}}") for name in ("nothing", "yes",
            "no", "each", "warns")}  # fmt: skip
    assert said == {
        "nothing": ("pass", ()),
        "yes": ("pass", ()),
        "no": ("deny", ("the function returned False",)),
        "each": ("deny", ("endpoint/letters: no",)),
        "warns": ("warn", ("hm",)),
    }
    assert not (folder / "policies/__pycache__").exists()


def test_no_command_runs_where_none_may(folder: Path, say: Say) -> None:
    touches = command("open('ran', 'w'); import sys; sys.exit(0)")
    write(folder, {"policies/team.yml": team(touches, "{name: few, rule: {max_deletions: 1}}")})
    for arguments in (("plan",), ("apply", "-y")):
        code, shown = say(*arguments, "--no-commands")
        assert code == 6
        why = "it could not be judged: it runs a command, and none may be run here"
        assert f"denied policy own (policies/team.yml:3) {why}" in one_line(shown)
        assert "Denied by 1 of 2 policies: own." in shown
    code, shown = say("validate", "--no-commands")
    assert (code, "warning: policies: policy 'own' runs a command: a plan for which none may be run" in shown) == (
        0,
        True,
    )
    assert say("validate")[0] == 0
    assert not (folder / "policies/ran").exists()
    assert say("plan")[0] == 0
    assert (folder / "policies/ran").exists()


def test_a_plan_of_others_is_judged_by_the_policies_of_the_target(folder: Path, say: Say) -> None:
    target = folder.parent / "target"
    theirs = "workspace: letters\nspecs: [not-checked-out.yml]\nstages: {none: {}}\npolicies: [policies/*.yml]\n"
    write(target, {"bep.yml": theirs, "policies/team.yml": team(QUOTA)})
    write(folder, {"bep.yml": FILES["bep.yml"], "policies/team.yml": "policies: []\n"})
    assert say("plan")[0] == 0
    code, shown = say("plan", "--policies-from", "../target", "--no-commands")
    told = "denied policy quota: ask us (../target/policies/team.yml:3)"
    assert (code, told in one_line(shown)) == (6, True)
    own = command("import os, sys; sys.stdin.read(); print(os.getcwd()); sys.exit(1)")
    write(target, {"policies/team.yml": team(own)})
    [judgement] = api.Workspace.open(folder).plan(policies_from=target).policies
    assert judgement.violations == (str(target / "policies"),)
    staged = theirs.replace("none:", "production:")
    write(
        target, {"bep.yml": staged, "policies/team.yml": team(QUOTA.replace("quota,", "quota, stages: [production],"))}
    )
    assert say("plan", "--policies-from", "../target")[0] == 6, "no stage of another name is judged by less"
    write(target, {"bep.yml": theirs, "policies/team.yml": team("{name: x}")})
    code, shown = say("plan", "--policies-from", "../target")
    assert (code, "../target/policies/team.yml:3:5: error" in shown) == (3, True)
    write(target, {"bep.yml": theirs.replace("policies/*", "polices/*")})
    code, shown = say("plan", "--policies-from", "../target")
    assert (code, "../target/bep.yml:4:12: error: policies: no file matches polices/*.yml" in shown) == (3, True)
    for itself in ("", ".", "../" + folder.name):
        code, shown = say("plan", "--policies-from", itself)
        assert (code, "is this workspace itself: name the folder of another" in shown) == (1, True)
    code, shown = say("plan", "--policies-from", "nowhere")
    assert (code, "nowhere has no bep.yml, and so no policies" in shown) == (1, True)


CASES = """\
kind: policies
policies:
  - name: quota
    rule: {max_instances: 8}
    cases:
      - name: nine nodes
        changes: [{address: compute/cpu, action: create, after: {max_instances: 9}}]
        expect: deny
      - {plan: first.json, expect: pass}
      - name: eight
        changes: [{address: compute/cpu, action: create, after: {max_instances: 8}}]
        expect: deny
      - {plan: nowhere.json, expect: pass}
      - {name: odd, changes: [{address: compute/cpu, action: create, aftr: {}}], expect: pass}
  - {name: own, rule: {python: "own.py:check"}, cases: [{name: crash, changes: [], expect: deny}]}
  - {name: few, rule: {max_deletions: 1}}
"""


def test_the_cases_of_policies_are_tried(folder: Path, say: Say) -> None:
    api.Workspace.open(folder).plan().save(folder / "policies/first.json")
    write(folder, {"policies/team.yml": CASES, "policies/own.py": "def check(plan):\n    raise ValueError('boom')\n"})
    code, shown = say("policy", "test")
    assert code == 3
    assert shown.splitlines()[:4] == [
        "  ok     quota: nine nodes: deny",
        "  ok     quota: first.json: pass",
        "  WRONG  quota: eight: pass, and deny was expected (policies/team.yml:10)",
        "  WRONG  quota: nowhere.json: broken, and pass was expected (policies/team.yml:13)",
    ]
    assert "nowhere.json cannot be read: No such file or directory" in shown
    assert "changes is no plan: changes.0.aftr" in shown
    assert "WRONG  own: crash: broken, and deny was expected" in shown
    assert "few: it has no cases" in shown
    assert "4 cases are not as expected, of 6" in shown
    code, shown = say("policy", "test", "quota", "--json")
    assert [one["right"] for one in json.loads(shown.partition("error:")[0])] == [True, True, False, False, False]
    code, shown = say("policy", "test", "quot")
    assert (code, "no policy is called 'quot'; there are: quota, own, few" in shown) == (1, True)
    right = team("{name: few, rule: {max_deletions: 0}, cases: [{changes: [], expect: pass}]}")
    write(folder, {"policies/team.yml": right, "specs.yml": "kind: compute\n"})
    code, shown = say("policy", "test")
    assert (code, shown.splitlines()[0]) == (0, "  ok     few: case 1: pass")
    assert shown.endswith("1 case is as expected.\n")
    assert [one.is_right for one in api.Workspace.open(folder).test_policies("few")] == [True]
    write(folder, {"bep.yml": FILES["bep.yml"]})
    code, shown = say("policy", "test")
    assert (code, shown.endswith("There are no policies: bep.yml lists none.\n")) == (0, True)


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holds = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print('held'); time.sleep(600)"
    leaves = (
        "import subprocess, sys;"
        "p = subprocess.Popen([sys.executable, '-u', '-c', *sys.argv[1:]], stdout=subprocess.PIPE);"
        "print(p.stdout.readline().decode().strip())"
    )
    words = [sys.executable, "-c", leaves, holds, str(lock)]
    ran = run_command(words, tmp_path, "x" * 5_000_000, timeout=60, environment={})
    assert (ran.code, ran.stdout) == (0, "held\n")

    def is_free() -> bool:
        with lock.open() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True

    until(is_free)
    waits = "import os, sys, time; print(os.environ['T'], 'begun', file=sys.stderr, flush=True); time.sleep(600)"
    words, given = [sys.executable, "-c", waits], {"T": "canary-value"}
    with pytest.raises(CommandFailed, match="did not end within 1 second") as problem:
        run_command(words, tmp_path, "", timeout=1, environment=given, named=["T"])
    assert problem.value.printed in ("************ begun", "")  # it may not have come so far in its second
