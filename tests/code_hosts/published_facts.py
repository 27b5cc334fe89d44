"""Writes `published.json`: what the hosts publish of the requests that a comment needs. The double holds bep to it.

    python -m tests.code_hosts.published_facts OCTOKIT AZURE BITBUCKET

OCTOKIT is a folder of npm's @octokit/openapi, AZURE one of github.com/MicrosoftDocs/vsts-rest-api-specs, BITBUCKET one
of github.com/MunifTanjim/node-bitbucket, which has Atlassian's own description. GitLab's description says of a note's
body nothing but that there is one, so its facts are from its documentation (doc/api/notes.md), written here.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path(__file__).with_name("published.json")
REPO: Final = "/repos/{owner}/{repo}/issues"
PULL: Final = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/comments"
THREADS: Final = "/{organization}/{project}/_apis/git/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads"
NOTES: Final = "/projects/{id}/merge_requests/{merge_request_iid}/notes"
KEPT: Final = ("type", "enum", "required", "minimum", "items", "properties")

_NOTE: Final = {"type": "object", "properties": {"body": {"type": "string"}}, "required": ["body"]}
_ID: Final = {"type": "object", "required": ["id"]}
_NOTED: Final = {"type": "object", "required": ["id", "body", "author", "system", "created_at", "updated_at"]}
_WORD, _COUNT = {"type": "string"}, {"type": "integer"}
_LISTED: Final = {"sort": _WORD, "order_by": _WORD, "page": _COUNT, "per_page": _COUNT}
GITLAB: Final = {
    f"GET {NOTES}": {"query": _LISTED, "statuses": ["200"], "answer": {"type": "array", "items": _NOTED}},
    f"POST {NOTES}": {"query": {}, "body": _NOTE, "statuses": ["201"], "answer": _NOTED},
    f"PUT {NOTES}/{{note_id}}": {"query": {}, "body": _NOTE, "statuses": ["200"], "answer": _NOTED},
    f"DELETE {NOTES}/{{note_id}}": {"query": {}, "statuses": ["204"]},
    "GET /user": {"query": {}, "statuses": ["200", "401"], "answer": _ID},
}
ASKED: Final = {
    "github": [
        *(f"{verb} {REPO}/{{issue_number}}/comments" for verb in ("GET", "POST")),
        *(f"{verb} {REPO}/comments/{{comment_id}}" for verb in ("PATCH", "DELETE")),
        "GET /user",
    ],
    "azure-devops": [
        *(f"{verb} {THREADS}" for verb in ("GET", "POST")),
        *(f"{verb} {THREADS}/{{threadId}}/comments/{{commentId}}" for verb in ("PATCH", "DELETE")),
    ],
    "bitbucket": [
        *(f"{verb} {PULL}" for verb in ("GET", "POST")),
        *(f"{verb} {PULL}/{{comment_id}}" for verb in ("PUT", "DELETE")),
    ],
}


def operations(described: Mapping[str, Any], asked: list[str]) -> dict[str, Any]:
    """What a description says of each request: its query, its body, how it may be answered and with what."""
    found = {}
    for each in asked:
        verb, _, path = each.partition(" ")
        below = described["paths"][path]
        operation = below[verb.lower()]
        given = [_whole(one, described) for one in (*below.get("parameters", ()), *operation.get("parameters", ()))]
        bodies = [one["schema"] for one in given if one["in"] == "body"]
        if "requestBody" in operation:
            bodies.append(operation["requestBody"]["content"]["application/json"]["schema"])
        good = next(value for status, value in sorted(operation["responses"].items()) if status.startswith("2"))
        answer = good.get("schema") or good.get("content", {}).get("application/json", {}).get("schema")
        found[each] = {
            "query": {
                one["name"]: {"type": one.get("type") or one["schema"]["type"]} for one in given if one["in"] == "query"
            },
            **({"body": _schema(bodies[0], described, 3, closed=True)} if bodies else {}),
            "statuses": sorted(operation["responses"]),
            **({"answer": required} if (required := _required(answer, described)) else {}),
        }
    return found


def _whole(part: Any, described: Mapping[str, Any]) -> Any:
    while "$ref" in part:
        found: Any = described
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _required(part: Any, described: Mapping[str, Any]) -> dict[str, Any]:
    """Which fields an answer, or each of a list of such, always has."""
    part = _whole(part or {}, described)
    if part.get("type") == "array":
        below = _required(part["items"], described)
        return {"type": "array", "items": below} if below else {}
    return {"type": "object", "required": part["required"]} if "required" in part else {}


def _schema(part: Any, described: Mapping[str, Any], depth: int, *, closed: bool = False) -> dict[str, Any]:
    """As much of a schema as a test can hold someone to. `closed`: no property but those that are described."""
    part = _whole(part, described)
    if "allOf" in part:
        parts = [_schema(each, described, depth, closed=closed) for each in part["allOf"]]
        properties = {name: value for each in parts for name, value in each.get("properties", {}).items()}
        return {"type": "object", "properties": properties} | ({"additionalProperties": False} if closed else {})
    if "oneOf" in part or "anyOf" in part or depth == 0:
        return {}
    kept = {name: part[name] for name in KEPT if name in part}
    if "items" in kept:
        kept["items"] = _schema(kept["items"], described, depth - 1, closed=closed)
    if "properties" in kept:
        below = {name: _schema(each, described, depth - 1, closed=closed) for name, each in kept["properties"].items()}
        kept["properties"] = below
        if closed:
            kept["additionalProperties"] = False
    return {name: value for name, value in kept.items() if value not in ({}, [])}


def main() -> int:
    """Write the table anew."""
    octokit, azure, bitbucket = map(Path, sys.argv[1:])
    about = json.loads((octokit / "package.json").read_text())
    github = json.loads((octokit / "generated" / "api.github.com.json").read_text())
    git = json.loads((azure / "specification" / "git" / "7.1" / "git.json").read_text(encoding="utf-8-sig"))
    cloud = {
        name: json.loads((bitbucket / "specification" / f"{name}.json").read_text())
        for name in ("paths", "definitions")
    }
    table = {
        "github": {
            "from": f"npm {about['name']} {about['version']}",
            "operations": operations(github, ASKED["github"]),
        },
        "gitlab": {"from": "the documentation of GitLab, doc/api/notes.md", "operations": GITLAB},
        "azure-devops": {
            "from": f"MicrosoftDocs/vsts-rest-api-specs, git {git['info']['version']}",
            "operations": operations(git, ASKED["azure-devops"]),
        },
        "bitbucket": {
            "from": "MunifTanjim/node-bitbucket, specification/",
            "operations": operations(cloud, ASKED["bitbucket"]),
        },
    }
    PLACE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
