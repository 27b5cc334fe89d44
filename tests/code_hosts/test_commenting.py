"""`bep comment` against a strict double of each code host: one comment, whatever goes wrong on the way."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep import api
from bep.app.commenting import Posted, PreparedComment, post, prepared
from bep.app.errors import Refused, WorldFailed
from bep.cli import run
from bep.code_hosts.hosts import HOSTS, guessed, page_of
from bep.planner.formats import planfile
from bep.planner.plan import Action, Change, Plan
from bep.planner.rendering.dialects import DIALECTS
from bep.schemas.address import Address
from tests.code_hosts.double import LIMITS, PUBLISHED, THEM, TOKEN, CodeHostDouble, Fault, served

PLAN = Plan(lineage="l", serial=1, workspace="taxi", stage="prod", provider="local", changes=(
    Change(id="c", address=Address("compute/cpu"), action=Action.CREATE, summary="amlcompute", after={"name": "cpu"}),
))  # fmt: skip


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[CodeHostDouble]:
    with served(request.param) as double:
        yield double
        assert double.broken == []
        assert double.faults == []


@pytest.fixture
def github() -> Iterator[CodeHostDouble]:
    with served("github") as double:
        yield double
        assert double.broken == []


class Doing:
    """What is said and waited for meanwhile; nothing of it takes time."""

    def __init__(self, host: CodeHostDouble) -> None:
        self.host, self.said, self.waited = host, list[str](), list[float]()

    def comment(self, plan: Plan = PLAN, /, **environment: str) -> Posted:
        given = {name: value for name, value in {**self.host.environment, **environment}.items() if value}
        comment = prepared(plan, environment=given)
        return post(comment, environment=given, tell=self.said.append, wait=self.waited.append)


def marked(host: CodeHostDouble, text: str = "old") -> str:
    return f"{DIALECTS[host.name].marker('taxi in prod')}\n\n{text}"


def test_the_tables_name_the_same_hosts() -> None:
    assert list(HOSTS) == list(DIALECTS) == list(LIMITS)
    assert {name: dialect.limit for name, dialect in DIALECTS.items()} == LIMITS
    assert set(PUBLISHED) == set(HOSTS)


def test_it_is_made_once_and_then_kept_up_to_date(host: CodeHostDouble) -> None:
    doing = Doing(host)
    for number in range(7):
        host.write(f"a remark, {number}", THEM)
    host.write("gone", deleted=host.name in ("azure-devops", "bitbucket"))
    made = doing.comment()
    assert (made.action, made.removed) == ("created", 0)
    (ours,) = [each for each in host.shown if each.body.startswith(marked(host, ""))]
    assert "compute/cpu" in ours.body
    assert made.url.endswith(str(ours.thread if host.name == "azure-devops" else ours.id))
    assert doing.comment().action == "unchanged"
    assert not any(line.startswith(("PATCH", "PUT")) for line in host.asked)
    changed = doing.comment(PLAN.model_copy(update={"unchanged": 3}))
    assert (changed.action, changed.url) == ("updated", made.url)
    assert sum(each.body.startswith(marked(host, "")) for each in host.shown) == 1
    other_stage = doing.comment(PLAN.model_copy(update={"stage": "test"}))
    assert (other_stage.action, len(host.shown)) == ("created", 10 if host.name in ("github", "gitlab") else 9)
    chosen = PLAN.model_copy(update={"in_other_world": True})
    assert [doing.comment(plan).action for plan in (chosen, PLAN, chosen)] == ["created", "updated", "unchanged"]
    assert doing.said == []


def test_a_second_one_by_accident_is_taken_away_and_those_of_others_stay(host: CodeHostDouble) -> None:
    theirs = host.write(marked(host, "put there by someone"), THEM)
    quoted = host.write("> " + marked(host).splitlines()[0])
    first, second = host.write("a pipeline's header\n" + marked(host)), host.write(marked(host))
    found = Doing(host).comment()
    assert (found.action, found.removed) == ("updated", 1)
    assert "compute/cpu" in first.body
    assert second not in host.shown
    assert theirs.body == marked(host, "put there by someone")
    assert quoted in host.shown


def test_one_that_is_deleted_meanwhile_is_made_again(host: CodeHostDouble) -> None:
    host.write(marked(host))
    verb = "PUT" if host.name in ("gitlab", "bitbucket") else "PATCH"
    host.faults = [Fault(verb, 404, body='{"message": "Not Found"}')]
    assert Doing(host).comment().action == "created"


LIMITED = [
    Fault(status=429, headers={"Retry-After": "7"}),
    Fault(status=503, headers={"Retry-After": "7"}),
    Fault(status=503, headers={"Retry-After": "\u00b2"}),
    Fault(status=429, headers={"Retry-After": "Mon, 09 Jan 9999999999999999999 00:00:00 GMT"}),
    Fault(status=502, body="<html>bad gateway</html>"),
    Fault(cut=True),
]


def test_what_passes_is_waited_for(host: CodeHostDouble) -> None:
    doing = Doing(host)
    for fault, pauses in zip(LIMITED, (7, 7, 1, 1, 1, 1), strict=True):
        host.faults, doing.waited = [fault], []
        doing.comment()
        assert doing.waited == [pauses]
    assert len(host.shown) == 1
    assert "answered 429; asking again in 7 s" in doing.said[0]


def test_a_request_whose_answer_was_lost_makes_no_second_comment(host: CodeHostDouble) -> None:
    for lost in (Fault("POST", cut=True, after=True), Fault("POST", status=504, after=True)):
        host.comments.clear()
        host.faults = [lost]
        assert Doing(host).comment().action == "unchanged"
        assert len(host.shown) == 1


def test_it_ends_after_some_tries_and_does_not_wait_for_hours(host: CodeHostDouble) -> None:
    doing = Doing(host)
    host.faults = [Fault(status=500)] * 5
    with pytest.raises(WorldFailed, match=r"answered 500\n    fix: run it again later"):
        doing.comment()
    assert doing.waited == [1, 2, 4, 8]
    host.faults = [Fault(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(WorldFailed, match="answered 429"):
        doing.comment()


@pytest.mark.parametrize("status", [401, 403, 404, 410, 422])
def test_a_refusal_says_what_the_host_said_and_what_is_needed(host: CodeHostDouble, status: int) -> None:
    host.faults = [
        Fault("POST", status, body=json.dumps({"message": f"because of {TOKEN}", "errors": [{"code": "x"}]}))
    ]
    with pytest.raises(WorldFailed) as caught:
        Doing(host).comment()
    told = str(caught.value)
    assert f"answered {status}: because of (token); x" in told
    assert told.startswith(f"{HOSTS[host.name]} ")
    assert TOKEN not in told
    assert ("fix: " in told) == (status in (401, 403, 404))


def test_a_token_that_is_not_accepted_is_not_shown(host: CodeHostDouble) -> None:
    name = next(name for name, value in host.environment.items() if value == TOKEN)
    with pytest.raises(WorldFailed, match="the token is not accepted") as caught:
        Doing(host).comment(**{name: "wrong-one"})
    assert "wrong-one" not in str(caught.value)


def test_an_answer_that_is_no_comment_is_no_bug(host: CodeHostDouble) -> None:
    for body in ('{"hello": 1}', "[1]", "null", '{"value": [{"id": 1, "comments": [3]}], "values": [{}]}'):
        host.faults = [Fault("GET", 200, body=body)]
        with pytest.raises(WorldFailed, match="it answered what is no comment"):
            Doing(host).comment()


def test_a_token_that_cannot_be_sent_is_refused_without_being_shown(host: CodeHostDouble) -> None:
    name = next(name for name, value in host.environment.items() if value == TOKEN)
    for token in ("first\nsecond", "tok\u00e9n"):
        with pytest.raises(WorldFailed, match="characters that no token has") as caught:
            Doing(host).comment(**{name: token})
        assert token not in str(caught.value)
    assert host.asked == []


def test_nothing_is_asked_where_the_pipeline_does_not_say_where(host: CodeHostDouble) -> None:
    numbers = ("GITHUB_REF", "CI_MERGE_REQUEST_IID", "SYSTEM_PULLREQUEST_PULLREQUESTID", "BITBUCKET_PR_ID")
    token = next(name for name, value in host.environment.items() if value == TOKEN)
    with pytest.raises(Refused, match="no comment can be written") as caught:
        Doing(host).comment(**dict.fromkeys((*numbers, token), ""))
    assert "no pull request" in str(caught.value) or "no merge request" in str(caught.value)
    assert f"{token} has no token" in str(caught.value)
    assert host.asked == []


@pytest.mark.no_cover  # as few lines as elsewhere, ten thousand times
def test_a_plan_of_ten_thousand_changes_is_taken_by_every_host(host: CodeHostDouble) -> None:
    one = PLAN.changes[0]
    many = tuple(replace_id(one, number) for number in range(10_000))
    assert Doing(host).comment(PLAN.model_copy(update={"changes": many})).action == "created"
    (comment,) = host.shown
    where = "has them all" if "has them all" in comment.body else "the plan as text"
    assert where in comment.body
    assert f"[this run]({page_of(host.environment)})" in comment.body


def replace_id(change: Change, number: int) -> Change:
    update = {"id": f"c{number}", "address": Address(f"compute/c{number}"), "summary": f"{number} nodes"}
    return change.model_copy(update=update)


def test_a_workflows_token_may_not_ask_who_it_is(github: CodeHostDouble) -> None:
    github.may_ask_who, github.is_bot = False, True
    theirs, ours = github.write(marked(github), THEM), github.write(marked(github))
    assert Doing(github).comment().action == "updated"
    assert (theirs.body, "compute/cpu" in ours.body) == (marked(github), True)


def test_githubs_limits_are_told_in_three_ways(github: CodeHostDouble) -> None:
    doing = Doing(github)
    until = str(int(time.time()) + 90)
    github.faults = [
        Fault(status=403, body='{"message": "You have exceeded a secondary rate limit."}'),
        Fault(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": until}),
        Fault(status=403, headers={"Retry-After": "5"}),
    ]
    assert doing.comment().action == "created"
    assert doing.waited[0] == 60
    assert 60 < doing.waited[1] <= 90
    assert doing.waited[2] == 5


def test_a_token_goes_to_no_other_host(github: CodeHostDouble) -> None:
    with served("github") as other:
        for fault in (
            Fault("GET", 302, headers={"Location": f"{other.url}/repos/taxi/rides/issues/7/comments"}),
            Fault("GET", 200, headers={"Link": f'<{other.url}/user>; rel="next"'}, body="[]"),
        ):
            github.faults = [fault]
            with pytest.raises(WorldFailed, match="where the token must not go"):
                Doing(github).comment()
        assert other.asked == []
    github.faults = [Fault("GET", 301, headers={"Location": "/repos/taxi/rides/issues/7/comments"})]
    assert Doing(github).comment().action == "created"
    plain = "is not https"
    wrong = dict.fromkeys(("http://github.example", "http://localhost.evil", "http://127.0.0.1:1@evil.example"), plain)
    for base, why in {**wrong, "https://[github": "is no address"}.items():
        with pytest.raises(WorldFailed, match=why):
            Doing(github).comment(GITHUB_API_URL=base)


def test_pages_that_lead_in_a_circle_end(github: CodeHostDouble) -> None:
    around = f'<{github.url}/repos/taxi/rides/issues/7/comments?per_page=100&page=1>; rel="next"'
    github.faults = [Fault("GET", 200, headers={"Link": around}, body="[]") for _ in range(2)]
    assert Doing(github).comment().action == "created"
    assert sum(line.startswith("GET") for line in github.asked) == 2


def test_the_pull_request_is_found_wherever_a_workflow_has_it(github: CodeHostDouble, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    events: list[Any] = [
        {"pull_request": {"number": 7}},
        {"issue": {"number": 7, "pull_request": {}, "title": "x"}},
        {"workflow_run": {"pull_requests": [{"number": 7}]}},
    ]
    for found in events:
        found.get("issue", {}).update({"pull_request": {"url": "u"}} if "issue" in found else {})
        event.write_text(json.dumps(found))
        Doing(github).comment(GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(event))
    for other in (
        "not json",
        "[]",
        json.dumps({"issue": {"number": 7}}),
        json.dumps({"workflow_run": {"pull_requests": []}}),
    ):
        event.write_text(other)
        with pytest.raises(Refused, match="for no pull request"):
            Doing(github).comment(GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(event))


def test_azure_takes_a_personal_token_too_and_builds_what_lies_elsewhere() -> None:
    with served("azure-devops") as azure:
        given = {**azure.environment, "SYSTEM_ACCESSTOKEN": "", "AZURE_DEVOPS_EXT_PAT": "secret-pat"}
        comment = prepared(PLAN, environment=given)
        encoded = b64encode(b":secret-pat").decode()
        azure.faults = [Fault(status=500, body=json.dumps({"message": f"{encoded} secret-pat"}))]
        with pytest.raises(WorldFailed, match="not accepted") as caught:
            post(comment, environment=given, wait=lambda seconds: None)
        assert "secret-pat" not in str(caught.value)
        assert encoded not in str(caught.value)
    elsewhere = {"TF_BUILD": "True", "BUILD_REPOSITORY_PROVIDER": "GitHub"}
    assert guessed(elsewhere) == "github"
    assert guessed({}) == ""


def test_the_command_prints_posts_and_says_so(
    github: CodeHostDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BITBUCKET_BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    Path("plan.json").write_text(planfile.encode(planfile.signed(PLAN, "k")))
    assert run(["comment", "plan.json"]) == 1
    assert "no pipeline that is known runs here" in capsys.readouterr().err
    assert run(["comment", "plan.json", "--platform", "gitlb"]) == 1
    assert "known are github, gitlab, azure-devops, bitbucket" in capsys.readouterr().err
    assert run(["comment", "plan.json", "--platform", "bitbucket", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("[//]: # (bep plan: taxi in prod)\n")
    for name, value in github.environment.items():
        monkeypatch.setenv(name, value)
    assert run(["comment", "plan.json", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["platform"] == "github"
    assert github.asked == []
    assert run(["comment", "plan.json", "--pull-request", "seven"]) == 1
    assert "'seven' is no number" in capsys.readouterr().err
    assert run(["comment", "plan.json"]) == 0
    assert "The comment on taxi/rides#7 is created: https://github.example/" in capsys.readouterr().err
    assert run(["comment", "plan.json", "--json"]) == 0
    posted = json.loads(capsys.readouterr().out)
    assert (posted["action"], posted["removed"], posted["place"]) == ("unchanged", 0, "taxi/rides#7")
    github.faults = [Fault("GET", 403, body='{"message": "Resource not accessible by integration"}')]
    assert run(["comment", "plan.json", "--verbose"]) == 5
    told = capsys.readouterr().err
    assert "it needs `permissions: pull-requests: write`" in told
    assert TOKEN not in told


def test_the_api_posts_a_kept_plan(github: CodeHostDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in github.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "plan.json").write_text(planfile.encode(planfile.signed(PLAN.model_copy(update={"stage": ""}), "k")))
    plan = api.Workspace.open(tmp_path).read_plan(tmp_path / "plan.json")
    assert plan.comment()["action"] == "created"
    assert plan.comment("github", pull_request="7")["action"] == "unchanged"
    github.faults = [Fault("GET", 404)]
    with pytest.raises(api.WorldFailed, match="no such pull request"):
        plan.comment()
    with pytest.raises(api.Refused, match="no code host"):
        plan.comment("sourceforge")


def test_no_value_shows_the_token_when_it_is_printed(github: CodeHostDouble) -> None:
    from bep.code_hosts.hosts import pull_request_of

    found = pull_request_of("github", github.environment)
    comment = PreparedComment("github", "m", "b")
    assert TOKEN not in f"{found!r} {found.connect()!r} {vars(found.connect())!r} {comment!r}"
