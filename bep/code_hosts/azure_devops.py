"""Comments of pull requests in Azure Repos, by the REST API 7.1: each is the first of a thread. Knows no plan."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bep.code_hosts.protocol import CodeHost, Comment, Environment, PullRequest

RIGHT = "the right Contribute to pull requests for the build service of the project"


def pull_request_of(environment: Environment, number: str) -> PullRequest:
    """The pull request that a pipeline of branch policy runs for."""
    collection = environment.get("SYSTEM_COLLECTIONURI") or environment.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "")
    project = environment.get("SYSTEM_TEAMPROJECTID") or environment.get("SYSTEM_TEAMPROJECT", "")
    repository = environment.get("BUILD_REPOSITORY_ID", "")
    number = number or environment.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
    bearer = environment.get("SYSTEM_ACCESSTOKEN", "").strip()
    personal = environment.get("AZURE_DEVOPS_EXT_PAT", "").strip()
    missing = []
    if not bearer and not personal:
        missing.append("SYSTEM_ACCESSTOKEN has no token: env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)} on the step")
    given = {"SYSTEM_COLLECTIONURI": collection, "SYSTEM_TEAMPROJECTID": project, "BUILD_REPOSITORY_ID": repository}
    missing.extend(f"{name} is not set" for name, value in given.items() if not value)
    if not number:
        missing.append("this run is for no pull request: SYSTEM_PULLREQUEST_PULLREQUESTID is not set")
    name = environment.get("BUILD_REPOSITORY_NAME") or repository
    web = environment.get("BUILD_REPOSITORY_URI", "")

    def connect() -> CodeHost:
        basic = f"Basic {b64encode(f':{personal}'.encode()).decode()}"
        header = f"Bearer {bearer}" if bearer else basic
        return AzureDevOps(collection, header, (bearer or personal, basic), project, repository, number, web)

    return PullRequest(f"{name}!{number}", connect, tuple(missing))


class AzureDevOps(CodeHost):
    """One pull request. Nobody may change a comment of another, so whichever the host lets us change are ours."""

    def __init__(
        self,
        collection: str,
        authorization: str,
        secrets: tuple[str, ...],
        project: str,
        repository: str,
        number: str,
        web: str,
    ) -> None:
        from bep.code_hosts.http import Connection

        self._connection = Connection(collection.rstrip("/"), {"Authorization": authorization}, secrets)
        parts = (quote(part, safe="") for part in (project, repository, number))
        self._threads = "/{}/_apis/git/repositories/{}/pullRequests/{}/threads".format(*parts)
        self._page = f"{web}/pullrequest/{number}?discussionId=" if web else ""

    def comments(self) -> Sequence[Comment]:
        threads = self._connection.ask("GET", f"{self._threads}?api-version=7.1").value["value"]
        return [
            self._comment(thread["id"], thread["comments"][0])
            for thread in sorted(threads, key=lambda each: int(each["id"]))
            if not thread.get("isDeleted") and thread.get("comments") and not thread["comments"][0].get("isDeleted")
        ]

    def ours(self, found: Sequence[Comment]) -> Sequence[Comment]:
        return found

    def create(self, body: str) -> Comment:
        """Without a status, so that no policy waits for someone to resolve it."""
        thread = {"comments": [{"parentCommentId": 0, "content": body, "commentType": "text"}]}
        made = self._connection.ask("POST", f"{self._threads}?api-version=7.1", thread).value
        return self._comment(made["id"], made["comments"][0])

    def update(self, comment: Comment, body: str) -> Comment:
        path = f"{self._threads}/{comment.id}?api-version=7.1"
        made = self._connection.ask("PATCH", path, {"content": body}).value
        return self._comment(comment.id.partition("/")[0], made)

    def delete(self, comment: Comment) -> None:
        self._connection.ask("DELETE", f"{self._threads}/{comment.id}?api-version=7.1")

    def _comment(self, thread: Any, found: Any) -> Comment:
        author = (found.get("author") or {}).get("id", "")
        url = f"{self._page}{thread}" if self._page else ""
        return Comment(f"{thread}/comments/{found['id']}", found.get("content") or "", url, author)
