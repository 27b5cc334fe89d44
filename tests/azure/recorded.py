"""Whether the double answers as the service did: `python -m tests.azure.recorded FOLDER`, over recorded exchanges.

FOLDER has recorded/*.jsonl, one exchange a line: method, path, request, status, response, response_headers, and host
where it is not Azure Resource Manager's; and spec-examples/*.json, published requests and responses. Each message is
judged by the published types; then the requests are made to a double, one after another, and its answers compared
with the service's: status, headers, every member. What differs from run to run (times, ids of operations, hosts) is
taken for equal. Exit code 1 when a message is refused or an answer differs.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.azure.double.answering.jobs import Job
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.exchange import Answer, Null, Refusal, Request
from tests.azure.double.patches import patched
from tests.azure.double.routes import WORKSPACE, place
from tests.azure.double.store import Document, Resource
from tests.azure.facts import Types
from tests.azure.judge import Judge

ARM = "https://management.azure.com"
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,32}|\bcareful_\w+|\bstamp_\w+"
)
"""Times, identifiers made anew for each request, names of runs."""

UNCHECKED = ("systemData", "azureml.parameters")
"""Who did it when; and text that the service gives its own driver."""


class Verdict(NamedTuple):
    """One thing that was looked at; `wrong` is empty where all is well."""

    what: str
    wrong: list[str]


def exchanges(folder: Path) -> Iterator[Document]:
    """Each recorded exchange, in order."""
    for file in sorted(folder.glob("recorded/*.jsonl")):
        for line in file.read_text().splitlines():
            yield json.loads(line)


def kind_of(path: str) -> str | None:
    """The kind of the resource that a path names; None for a collection or another service."""
    found = WORKSPACE.fullmatch(urlsplit(path).path)
    at = place(found["rest"] or "") if found else None
    return at.kind if at and not at.is_collection and not at.action else None


def judged(recorded: list[Document], examples: list[Document]) -> Iterator[Verdict]:
    """Every request and answer about a resource, by the published types."""
    judge = Judge(Types())
    for each in recorded:
        kind, what = kind_of(each["path"]), f"{each['method']} {short(each['path'])}"
        if kind and each["method"] == "PUT":
            yield Verdict(f"request {what}", [str(fault) for fault in judge.request(kind, each["request"])])
        if kind and each["status"] in (200, 201) and each.get("response"):
            yield Verdict(f"answer {what}", [str(fault) for fault in judge.answer(kind, each["response"])])
    for each in examples:
        kind = "batchEndpoints" + ("/deployments" if "deploymentName" in each["parameters"] else "")
        body, what = each["parameters"]["body"], f"example {each['method']} {kind}"
        yield Verdict(what, list(_refused_example(judge, each["method"], kind, body)))
        for status, answer in each["responses"].items():
            if "body" in answer:
                told = {name: value for name, value in answer["body"].items() if name != "type"}  # "string", always
                yield Verdict(f"{what} {status}", [str(fault) for fault in judge.answer(kind, told)])


def _refused_example(judge: Judge, method: str, kind: str, body: Document) -> Iterator[str]:
    if method == "PUT":
        yield from (str(fault) for fault in judge.request(kind, body))
        return
    try:
        patched(Resource(kind, ("name",) * (kind.count("/") + 1), {}), body, Behaviours())
    except Refusal as refused:
        yield f"{refused} {refused.fields}"


def short(path: str) -> str:
    """A path from the workspace on, without its query."""
    return urlsplit(path).path.rpartition("/workspaces/ws/")[2].rpartition("/locations/")[2]


def replayed(recorded: list[Document]) -> Iterator[Verdict]:
    """Each request to a double that has what the service had, its answer compared."""
    double = _double(recorded)
    for each in recorded:
        host = each.get("host", "")
        if host and ".inference." not in host:
            continue  # a blob; the service was not asked
        path = f"/scoring/{host.partition('.')[0]}{each['path']}" if host else each["path"]
        if each["method"] == "GET" and "Operation" not in path:
            _finish(double)
        sent = b"" if each["request"] is None else json.dumps(each["request"]).encode()
        request = Request.of(each["method"], path, each.get("request_headers", {}), sent, ARM)
        answer = double.handle(request)
        while _status(answer) == "Updating" and (each.get("response") or {}).get("status") == "Succeeded":
            answer = double.handle(request)  # a recording has the last poll alone
        yield Verdict(f"{each['method']} {short(each['path'])}", list(_differences(each, answer)))


def _double(recorded: list[Document]) -> Double:
    """A double as it was before the first request: what was answered or referred to without having been made."""
    behaviours = Behaviours.as_recorded(authenticated=False, polls=2)
    named = WORKSPACE.fullmatch(urlsplit(recorded[0]["path"]).path)
    if named is None:
        raise ValueError("the first exchange is not about a workspace")
    double = Double(behaviours, subscription_id=named["subscription"], resource_group=named["group"])
    double.seed("computes/cpu-cluster", {"properties": {"computeType": "AmlCompute"}})
    for each in recorded:
        kind, body = kind_of(each["path"]), each["request"]
        if kind == "batchEndpoints/deployments" and body:
            code = body["properties"]["codeConfiguration"]["codeId"]
            double.seed(code.rpartition("/workspaces/ws/")[2], {"properties": {}})
        if each["method"] == "PUT" and each["status"] == 200:
            double.seed(short(each["path"]), body, "2022-05-01")
        if kind == "jobs":
            name, told = short(each["path"]).rpartition("/")[2], each["response"]["properties"]
            deployment = told["tags"]["azureml.deploymentname"]
            made = Job(name, told["displayName"], "child", told["experimentName"], deployment, {}, double.jobs.course)
            made.status = told["status"]
            double.jobs.all.append(made)
    return double


def _finish(double: Double) -> None:
    for operation in double.store.operations.values():
        operation.looks = operation.needed
        operation.settle()


def _status(answer: Answer) -> object:
    return answer.body.get("status") if isinstance(answer.body, dict) else None


def _differences(recorded: Document, answer: Answer) -> Iterator[str]:
    if answer.status != recorded["status"]:
        yield f"status {answer.status}, recorded {recorded['status']}"
    for name in recorded.get("response_headers", {}):
        theirs, ours = recorded["response_headers"][name], answer.headers.get(name)
        if ours is None or _fixed(ours) != _fixed(theirs):
            yield f"header {name}: {ours!r}, recorded {theirs!r}"
    if recorded["response"] is None:
        if answer.body is not Null:
            yield f"body {answer.body!r}, recorded the text null"
        return
    yield from _members(recorded["response"], answer.body, "$")


def _members(theirs: Any, ours: Any, where: str) -> Iterator[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in [*theirs, *(each for each in ours if each not in theirs)]:
            if name in UNCHECKED:
                continue
            if name not in ours or name not in theirs:
                yield f"{where}.{name} is {'recorded, not answered' if name in theirs else 'answered, not recorded'}"
            else:
                yield from _members(theirs[name], ours[name], f"{where}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from _members(one, other, f"{where}[{number}]")
    elif _fixed(theirs) != _fixed(ours):
        yield f"{where} is {ours!r}, recorded {theirs!r}"


def _fixed(value: Any) -> Any:
    """A value without what differs from run to run."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"https://(\w+)\.\w+\.inference\.ml\.azure\.com/jobs", ARM + r"/scoring/\1/jobs", value)
    return VOLATILE.sub("*", value)


def main() -> int:
    """Judge and compare all, and say how many of each were well."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.azure.recorded", description=(__doc__ or "").partition(":")[0]
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    recorded = list(exchanges(folder))
    if not recorded:
        parser.error(f"{folder} has no recorded/*.jsonl")
    examples = [json.loads(file.read_text()) for file in sorted(folder.glob("spec-examples/*.json"))]
    failed = 0
    for title, verdicts in (
        ("messages judged by the published types", list(judged(recorded, examples))),
        ("requests answered by the double as they were recorded", list(replayed(recorded))),
    ):
        wrong = [verdict for verdict in verdicts if verdict.wrong]
        for verdict in wrong:
            print(verdict.what, *verdict.wrong, sep="\n    ")
        print(f"{len(verdicts) - len(wrong)} of {len(verdicts)} {title}")
        failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
