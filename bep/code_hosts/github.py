"""Comments of pull requests on GitHub and GitHub Enterprise, by the REST API of 2022-11-28. Knows no plan."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bep.code_hosts.protocol import CodeHost, Comment, Environment, HostError, PullRequest

TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
RIGHT = "`permissions: pull-requests: write` in the job, or a token with that right"


def pull_request_of(environment: Environment, number: str) -> PullRequest:
    """The pull request that a workflow runs for."""
    repository = environment.get("GITHUB_REPOSITORY") or environment.get("BUILD_REPOSITORY_NAME", "")
    number = number or _number(environment)
    token = next((environment[name].strip() for name in TOKENS if environment.get(name, "").strip()), "")
    missing = []
    if not token:
        missing.append("GITHUB_TOKEN has no token: env: {GITHUB_TOKEN: ${{ github.token }}} on the step")
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", repository):
        missing.append(f"GITHUB_REPOSITORY is {repository!r}, and not owner/name")
    if not number:
        missing.append(
            "this run is for no pull request: neither GITHUB_REF nor the event at GITHUB_EVENT_PATH names one"
        )
    base = environment.get("GITHUB_API_URL") or "https://api.github.com"
    return PullRequest(f"{repository}#{number}", lambda: GitHub(base, token, repository, number), tuple(missing))


def _number(environment: Environment) -> str:
    found = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
    if found:
        return found[1]
    given = environment.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "")
    return given or _number_of_event(environment.get("GITHUB_EVENT_PATH", ""))


def _number_of_event(path: str) -> str:
    """Of `pull_request`, of a comment on one, and of a workflow that runs after another."""
    try:
        event: Any = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return ""
    if not isinstance(event, dict):
        return ""
    issue, after = event.get("issue") or {}, event.get("workflow_run") or {}
    places = (event.get("pull_request"), issue if issue.get("pull_request") else None, *after.get("pull_requests", ()))
    return next((str(place["number"]) for place in places if place and place.get("number")), "")


class GitHub(CodeHost):
    """One pull request. Who may write to the repository may change any comment, so ours are asked for by author."""

    def __init__(self, base: str, token: str, repository: str, number: str) -> None:
        from bep.code_hosts.http import Connection

        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._connection = Connection(base, headers, (token,))
        self._repository = f"/repos/{quote(repository)}"
        self._comments = f"{self._repository}/issues/{quote(number)}/comments"

    def comments(self) -> Sequence[Comment]:
        pages = self._connection.pages(f"{self._comments}?per_page=100", lambda answer: answer.next_page)
        return [_comment(found) for page in pages for found in page]

    def ours(self, found: Sequence[Comment]) -> Sequence[Comment]:
        """A token of a workflow or of an app may not ask who it is; what it writes has a bot for its author."""
        return list(filter(self._is_ours(), found)) if found else found

    def _is_ours(self) -> Callable[[Comment], bool]:
        try:
            login = self._connection.ask("GET", "/user").value["login"]
        except HostError as error:
            if error.is_passing or error.status not in (401, 403, 404):
                raise
            return lambda comment: comment.is_bot
        return lambda comment: comment.author == login

    def create(self, body: str) -> Comment:
        return _comment(self._connection.ask("POST", self._comments, {"body": body}).value)

    def update(self, comment: Comment, body: str) -> Comment:
        path = f"{self._repository}/issues/comments/{comment.id}"
        return _comment(self._connection.ask("PATCH", path, {"body": body}).value)

    def delete(self, comment: Comment) -> None:
        self._connection.ask("DELETE", f"{self._repository}/issues/comments/{comment.id}")


def _comment(found: Any) -> Comment:
    user = found.get("user") or {}
    return Comment(
        str(found["id"]), found.get("body") or "", found["html_url"], user.get("login", ""), user.get("type") == "Bot"
    )
