"""Four code hosts on loopback, as strict as what they publish (`published.json`): one pull request each, in memory.

A request that is not published, or not so, is answered 400 and kept in `broken`; a test asserts that there is none.
What goes wrong on demand is put in `faults`: each is used once, by the next request that it is for. The double shares
no code with `bep/code_hosts`.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

PUBLISHED = json.loads(Path(__file__).with_name("published.json").read_text())
TOKEN = "t0ken-that-nobody-may-see"
US, THEM = "us", "someone-else"
LIMITS = {"github": 65_536, "gitlab": 1_000_000, "azure-devops": 150_000, "bitbucket": 32_768}
UNPUBLISHED = {"400", "401", "403", "404", "408", "410", "422", "429", "500", "502", "503", "504"}
"""What any request may be answered with, though a description has it for some alone."""


class Fault(NamedTuple):
    """One answer that is not the usual one. `after` carries the request out first: the answer is lost on its way."""

    verb: str = ""
    status: int = 500
    headers: Mapping[str, str] = {}
    body: str = "{}"
    cut: bool = False
    after: bool = False


@dataclass
class Comment:
    id: int
    body: str
    author: str = US
    deleted: bool = False
    thread: int = 0


@dataclass
class CodeHostDouble:
    """One host. `may_ask_who` says whether the token is a person's, `page` how many comments one page has."""

    name: str
    url: str = ""
    comments: list[Comment] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    may_ask_who: bool = True
    is_bot: bool = False
    page: int = 3
    last: int = 100

    def write(self, body: str, author: str = US, *, deleted: bool = False) -> Comment:
        """A comment, as if someone had written it."""
        self.last += 1
        made = Comment(self.last, body, author, deleted, self.last + 1_000)
        self.comments.append(made)
        return made

    @property
    def shown(self) -> list[Comment]:
        return [each for each in self.comments if not each.deleted]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its pipeline."""
        own = {
            "github": {
                "GITHUB_ACTIONS": "true", "GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": "taxi/rides",
                "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_RUN_ID": "42",
            },
            "gitlab": {
                "GITLAB_CI": "true", "CI_API_V4_URL": self.url, "CI_PROJECT_ID": "99",
                "CI_MERGE_REQUEST_PROJECT_ID": "12", "CI_MERGE_REQUEST_IID": "7",
                "CI_MERGE_REQUEST_PROJECT_PATH": "taxi/rides", "GITLAB_TOKEN": TOKEN,
                "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/taxi/rides", "CI_JOB_TOKEN": "never-used",
                "CI_JOB_URL": "https://gitlab.example/taxi/rides/-/jobs/42",
            },
            "azure-devops": {
                "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": f"{self.url}/taxi/", "SYSTEM_TEAMPROJECTID": "p 1",
                "BUILD_REPOSITORY_ID": "r-1", "BUILD_REPOSITORY_NAME": "rides", "BUILD_REPOSITORY_PROVIDER": "TfsGit",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_ACCESSTOKEN": TOKEN, "BUILD_BUILDID": "42",
                "BUILD_REPOSITORY_URI": "https://dev.azure.example/taxi/_git/rides",
            },
            "bitbucket": {
                "BITBUCKET_BUILD_NUMBER": "42", "BITBUCKET_API_URL": self.url, "BITBUCKET_WORKSPACE": "taxi",
                "BITBUCKET_REPO_SLUG": "rides", "BITBUCKET_PR_ID": "7", "BITBUCKET_TOKEN": TOKEN,
                "BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.example/taxi/rides",
            },
        }  # fmt: skip
        return own[self.name]

    def operation(self, verb: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]] | None:
        """The published request that this is, with the values of its path."""
        for name, facts in PUBLISHED[self.name]["operations"].items():
            known, _, template = name.partition(" ")
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
            found = re.fullmatch(pattern, path)
            if known == verb and found:
                return name, facts, found.groupdict()
        return None


class _Handler(BaseHTTPRequestHandler):
    double: CodeHostDouble
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        double, parts = self.double, urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        double.asked.append(f"{self.command} {parts.path}")
        fault = next((each for each in double.faults if each.verb in ("", self.command)), None)
        if fault is not None:
            double.faults.remove(fault)
            if fault.after:
                self._usual(parts.path, parts.query, text)
            if fault.cut:
                self.close_connection = True
                return
            self._send(fault.status, fault.body, fault.headers)
            return
        status, value, headers = self._usual(parts.path, parts.query, text)
        self._send(status, value if isinstance(value, str) else json.dumps(value), headers)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

    def _send(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        content = b"" if status == 204 else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _usual(self, path: str, query: str, text: bytes) -> tuple[int, Any, Mapping[str, str]]:
        double = self.double
        found = double.operation(self.command, path)
        problem = _problem(double, found, dict(parse_qsl(query)), text, self.headers)
        if problem:
            double.broken.append(f"{self.command} {path}: {problem}")
            return 400, {"message": problem}, {}
        assert found is not None
        _, facts, values = found
        if not self._is_known():
            return _SIGN_IN[double.name]
        status, value, headers = _CARRY_OUT[double.name](double, self.command, values, dict(parse_qsl(query)), text)
        assert str(status) in {*facts["statuses"], *UNPUBLISHED}, (path, status)
        if status < 300 and "answer" in facts:
            Draft202012Validator(facts["answer"]).validate(value)
        return status, value, headers

    def _is_known(self) -> bool:
        wanted = {"gitlab": ("PRIVATE-TOKEN", TOKEN)}.get(self.double.name, ("Authorization", f"Bearer {TOKEN}"))
        return self.headers.get(wanted[0]) == wanted[1]


_SIGN_IN: dict[str, tuple[int, Any, Mapping[str, str]]] = {
    "github": (401, {"message": "Bad credentials"}, {}),
    "gitlab": (401, {"message": "401 Unauthorized"}, {}),
    "azure-devops": (203, "<html>Sign in</html>", {"Content-Type": "text/html"}),
    "bitbucket": (401, {"type": "error", "error": {"message": "Token is invalid"}}, {}),
}


def _problem(double: CodeHostDouble, found: Any, query: dict[str, str], text: bytes, headers: Any) -> str:
    """What is not as published; empty where all is."""
    if found is None:
        return "no such request is published"
    _, facts, values = found
    pull = values.get("issue_number") or values.get("merge_request_iid") or values.get("pullRequestId")
    if (pull or values.get("pull_request_id", "7")) != "7":
        return "another pull request"
    return _problem_of_query(double, facts, query) or _problem_of_body(facts, text, headers)


def _problem_of_query(double: CodeHostDouble, facts: Any, query: dict[str, str]) -> str:
    if unknown := set(query) - set(facts["query"]) - {"page", "pagelen"}:
        return f"unknown in the query: {unknown}"
    if any(
        facts["query"].get(name, {}).get("type") == "integer" and not value.isdigit() for name, value in query.items()
    ):
        return "not a number in the query"
    return "no api-version" if double.name == "azure-devops" and query.get("api-version") != "7.1" else ""


def _problem_of_body(facts: Any, text: bytes, headers: Any) -> str:
    if not headers.get("User-Agent"):
        return "no User-Agent, which GitHub refuses"
    if "body" not in facts:
        return "a body" if text else ""
    if headers.get("Content-Type") != "application/json":
        return "the body is not said to be JSON"
    return "; ".join(error.message for error in Draft202012Validator(facts["body"]).iter_errors(json.loads(text)))


def _paged(double: CodeHostDouble, query: Mapping[str, str]) -> tuple[list[Comment], int]:
    at = int(query.get("page", "1"))
    return double.comments[(at - 1) * double.page : at * double.page], at if at * double.page < len(
        double.comments
    ) else 0


def _changed(double: CodeHostDouble, verb: str, id: str, body: str) -> tuple[int, Comment | None]:
    """An update or a removal, refused where hosts refuse it."""
    comment = next((each for each in double.shown if str(each.id) == id), None)
    if comment is None:
        return 404, None
    if comment.author != US:
        return 403, None
    if verb == "DELETE":
        comment.deleted = True
        if double.name in ("github", "gitlab"):
            double.comments.remove(comment)
        return 204, comment
    comment.body = body
    return 200, comment


def _github(double: CodeHostDouble, verb: str, values: Any, query: Any, text: bytes) -> Any:
    def form(each: Comment) -> dict[str, Any]:
        author = {"login": each.author, "type": "Bot" if double.is_bot and each.author == US else "User"}
        page = f"https://github.example/taxi/rides/pull/7#issuecomment-{each.id}"
        times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        return {"id": each.id, "node_id": "x", "url": "u", "issue_url": "i", "html_url": page, "body": each.body,
                "user": author, **times}  # fmt: skip

    if "owner" not in values:
        return (
            (200, {"login": US, "id": 1}, {})
            if double.may_ask_who
            else (403, {"message": "Resource not accessible"}, {})
        )
    body = json.loads(text)["body"] if text else ""
    if len(body) > LIMITS["github"]:
        return 422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}, {}
    if verb == "GET":
        found, more = _paged(double, query)
        following = f"{double.url}/repos/taxi/rides/issues/7/comments?per_page=100&page={more + 1}"
        return (
            200,
            [form(each) for each in found],
            {"Link": f'<{following}>; rel="next", <x>; rel="last"'} if more else {},
        )
    if verb == "POST":
        return 201, form(double.write(body)), {}
    status, changed = _changed(double, verb, values["comment_id"], body)
    return status, form(changed) if changed else {"message": "Not Found" if status == 404 else "Forbidden"}, {}


def _gitlab(double: CodeHostDouble, verb: str, values: Any, query: Any, text: bytes) -> Any:
    def form(each: Comment) -> dict[str, Any]:
        times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        return {"id": each.id, "body": each.body, "author": {"id": each.author}, "system": each.thread == 0, **times}

    if "id" not in values:
        return 200, {"id": US}, {}
    assert values["id"] == "12"
    body = json.loads(text)["body"] if text else ""
    if len(body) > LIMITS["gitlab"]:
        return 400, {"message": {"note": ["is too long"]}}, {}
    if verb == "GET":
        assert query["sort"] == "asc"
        found, more = _paged(double, query)
        following = f"{double.url}/projects/12/merge_requests/7/notes?sort=asc&order_by=created_at&page={more + 1}"
        return 200, [form(each) for each in found], {"Link": f'<{following}>; rel="next"'} if more else {}
    if verb == "POST":
        return 201, form(double.write(body)), {}
    status, changed = _changed(double, verb, values["note_id"], body)
    return status, form(changed) if changed else {"message": f"{status} Not found"}, {}


def _azure(double: CodeHostDouble, verb: str, values: Any, query: Any, text: bytes) -> Any:
    def form(each: Comment) -> dict[str, Any]:
        about = {"content": each.body, "author": {"id": each.author}, "commentType": "text", "isDeleted": each.deleted}
        return {"id": 1, "parentCommentId": 0, **about}

    def thread(each: Comment) -> dict[str, Any]:
        return {"id": each.thread, "comments": [form(each)], "isDeleted": each.deleted}

    assert (values["project"], values["repositoryId"]) == ("p%201", "r-1")
    sent = json.loads(text) if text else {}
    body = sent["comments"][0]["content"] if "comments" in sent else sent.get("content", "")
    if len(body) > LIMITS["azure-devops"]:
        return 400, {"message": "The comment is too long."}, {}
    if verb == "GET":
        return 200, {"value": [thread(each) for each in reversed(double.comments)], "count": len(double.comments)}, {}
    if verb == "POST":
        return 200, thread(double.write(body)), {}
    there = next((each for each in double.comments if str(each.thread) == values["threadId"]), None)
    status, changed = _changed(double, verb, str(there.id) if there else "", body)
    return 200 if changed else status, form(changed) if changed else {"message": "TF401181: not found"}, {}


def _bitbucket(double: CodeHostDouble, verb: str, values: Any, query: Any, text: bytes) -> Any:
    def form(each: Comment) -> dict[str, Any]:
        page = f"https://bitbucket.example/taxi/rides/pull-requests/7#comment-{each.id}"
        return {"id": each.id, "content": {"raw": "" if each.deleted else each.body}, "deleted": each.deleted,
                "user": {"uuid": each.author}, "links": {"html": {"href": page}}}  # fmt: skip

    body = json.loads(text)["content"]["raw"] if text else ""
    if len(body) > LIMITS["bitbucket"]:
        return 400, {"type": "error", "error": {"message": "content: too long"}}, {}
    if verb == "GET":
        found, more = _paged(double, query)
        following = f"{double.url}/repositories/taxi/rides/pullrequests/7/comments?pagelen=100&page={more + 1}"
        return 200, {"values": [form(each) for each in found], **({"next": following} if more else {})}, {}
    if verb == "POST":
        return 201, form(double.write(body)), {}
    status, changed = _changed(double, verb, values["comment_id"], body)
    return status, form(changed) if changed else {"type": "error", "error": {"message": "refused"}}, {}


_CARRY_OUT: dict[str, Callable[..., Any]] = {
    "github": _github, "gitlab": _gitlab, "azure-devops": _azure, "bitbucket": _bitbucket,
}  # fmt: skip


@contextmanager
def served(name: str) -> Iterator[CodeHostDouble]:
    """One host, answering at a free port of this machine."""
    double = CodeHostDouble(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": double}))
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
