"""Comments of pull requests on Bitbucket Cloud, by the REST API 2.0. Knows no plan."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bep.code_hosts.protocol import CodeHost, Comment, Environment, PullRequest

RIGHT = "a repository access token with pullrequest:write"


def pull_request_of(environment: Environment, number: str) -> PullRequest:
    """The pull request that a pipeline runs for."""
    workspace, slug = environment.get("BITBUCKET_WORKSPACE", ""), environment.get("BITBUCKET_REPO_SLUG", "")
    number = number or environment.get("BITBUCKET_PR_ID", "")
    token = environment.get("BITBUCKET_TOKEN", "").strip()
    missing = [] if token else [f"BITBUCKET_TOKEN has no token: {RIGHT}"]
    given = {"BITBUCKET_WORKSPACE": workspace, "BITBUCKET_REPO_SLUG": slug}
    missing.extend(f"{name} is not set" for name, value in given.items() if not value)
    if not number:
        missing.append("this pipeline is for no pull request: BITBUCKET_PR_ID is not set")
    base = environment.get("BITBUCKET_API_URL") or "https://api.bitbucket.org/2.0"
    repository = f"{workspace}/{slug}"
    return PullRequest(f"{repository}#{number}", lambda: Bitbucket(base, token, repository, number), tuple(missing))


class Bitbucket(CodeHost):
    """One pull request. Nobody may change a comment of another, so whichever the host lets us change are ours."""

    def __init__(self, base: str, token: str, repository: str, number: str) -> None:
        from bep.code_hosts.http import Connection

        self._connection = Connection(base, {"Authorization": f"Bearer {token}"}, (token,))
        self._comments = f"/repositories/{quote(repository)}/pullrequests/{quote(number)}/comments"

    def comments(self) -> Sequence[Comment]:
        pages = self._connection.pages(
            f"{self._comments}?pagelen=100", lambda answer: str(answer.value.get("next", ""))
        )
        return [_comment(found) for page in pages for found in page["values"] if not found.get("deleted")]

    def ours(self, found: Sequence[Comment]) -> Sequence[Comment]:
        return found

    def create(self, body: str) -> Comment:
        return _comment(self._connection.ask("POST", self._comments, {"content": {"raw": body}}).value)

    def update(self, comment: Comment, body: str) -> Comment:
        path = f"{self._comments}/{comment.id}"
        return _comment(self._connection.ask("PUT", path, {"content": {"raw": body}}).value)

    def delete(self, comment: Comment) -> None:
        self._connection.ask("DELETE", f"{self._comments}/{comment.id}")


def _comment(found: Any) -> Comment:
    links = found.get("links") or {}
    author = (found.get("user") or {}).get("uuid", "")
    return Comment(str(found["id"]), found["content"].get("raw") or "", links.get("html", {}).get("href", ""), author)
