"""Notes of merge requests on GitLab, by the REST API v4. Knows no plan."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bep.code_hosts.protocol import CodeHost, Comment, Environment, PullRequest

RIGHT = "a project access token with the scope api and the role Reporter or more"


def pull_request_of(environment: Environment, number: str) -> PullRequest:
    """The merge request that a pipeline runs for; of a fork's it is the one in the project it is to be merged into."""
    open_ones = re.match(r"([^!,]+)!(\d+)", environment.get("CI_OPEN_MERGE_REQUESTS", ""))
    project = environment.get("CI_MERGE_REQUEST_PROJECT_ID") or (open_ones[1] if open_ones else "")
    project = project or environment.get("CI_PROJECT_ID", "")
    number = number or environment.get("CI_MERGE_REQUEST_IID") or (open_ones[2] if open_ones else "")
    token = environment.get("GITLAB_TOKEN", "").strip()
    missing = []
    if not token:
        missing.append(f"GITLAB_TOKEN has no token: {RIGHT}; the token of a job, CI_JOB_TOKEN, may not write notes")
    if not project:
        missing.append("CI_PROJECT_ID is not set")
    if not number:
        missing.append("this pipeline is for no merge request: CI_MERGE_REQUEST_IID is not set")
    base = environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    name = environment.get("CI_MERGE_REQUEST_PROJECT_PATH") or environment.get("CI_PROJECT_PATH") or project
    web = environment.get("CI_MERGE_REQUEST_PROJECT_URL") or environment.get("CI_PROJECT_URL", "")
    return PullRequest(f"{name}!{number}", lambda: GitLab(base, token, project, number, web), tuple(missing))


class GitLab(CodeHost):
    """One merge request. A maintainer may change any note, so ours are asked for by author."""

    def __init__(self, base: str, token: str, project: str, number: str, web: str) -> None:
        from bep.code_hosts.http import Connection

        self._connection = Connection(base, {"PRIVATE-TOKEN": token}, (token,))
        self._notes = f"/projects/{quote(project, safe='')}/merge_requests/{quote(number)}/notes"
        self._page = f"{web}/-/merge_requests/{number}#note_" if web else ""

    def comments(self) -> Sequence[Comment]:
        first = f"{self._notes}?per_page=100&sort=asc&order_by=created_at"
        pages = self._connection.pages(first, lambda answer: answer.next_page)
        return [self._comment(note) for page in pages for note in page if not note.get("system")]

    def ours(self, found: Sequence[Comment]) -> Sequence[Comment]:
        if not found:
            return found
        us = str(self._connection.ask("GET", "/user").value["id"])
        return [each for each in found if each.author == us]

    def create(self, body: str) -> Comment:
        return self._comment(self._connection.ask("POST", self._notes, {"body": body}).value)

    def update(self, comment: Comment, body: str) -> Comment:
        return self._comment(self._connection.ask("PUT", f"{self._notes}/{comment.id}", {"body": body}).value)

    def delete(self, comment: Comment) -> None:
        self._connection.ask("DELETE", f"{self._notes}/{comment.id}")

    def _comment(self, found: Any) -> Comment:
        number = str(found["id"])
        url = self._page + number if self._page else ""
        return Comment(number, found.get("body") or "", url, str((found.get("author") or {}).get("id", "")))
