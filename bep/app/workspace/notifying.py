"""Telling whom bep.yml names: a command reads a notice as JSON, a webhook gets it in the shape that it takes.

A notice that does not arrive is told as a warning, and never more: nothing fails for it. A webhook's URL is a secret:
it is taken from the environment when it is needed, and no message has any of it. Prints nothing; knows no job, no plan.
"""

import json
import os
from collections.abc import Iterator, Mapping
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from bep import __version__
from bep.lazy_dataclasses import dataclass, field
from bep.schemas.workspace.notifications import Event, Shape, Target

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

FORMAT_VERSION: Final = 1
LONGEST: Final = 3_000
"""Characters of the text that a chat gets. The JSON has all of it."""
_WHY: Final = 1_500


@dataclass(frozen=True)
class Advice:
    """Something to do, in the words of the face that is used here, and what it is for."""

    do: str
    purpose: str


@dataclass(frozen=True)
class Notice:
    """What somebody is told: in a line what happened, why, how to look closer, how to go on, how to undo it."""

    event: Event
    title: str
    why: str = ""
    look: tuple[Advice, ...] = ()
    go_on: tuple[Advice, ...] = ()
    undo: tuple[Advice, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def notify(opened: "Specs", notice: Notice) -> tuple[str, ...]:
    """Tell everybody whom bep.yml names for this event. What did not arrive, one warning each."""
    stage = opened.workspace.stage or ""
    every = opened.workspace.notifications.get(notice.event, ())
    targets = [target for target in every if not target.stages or stage in target.stages]
    if not targets:
        return ()
    value = _as_json(opened, notice)
    told = ((target, _told(opened, target, value)) for target in targets)
    return tuple(f"{target.place}: nobody was told: {why}" for target, why in told if why)


def _as_json(opened: "Specs", notice: Notice) -> dict[str, Any]:
    value: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "event": str(notice.event),
        "workspace": opened.workspace.name,
        "stage": opened.workspace.stage or "",
        "machine": os.uname().nodename,
        "folder": str(opened.root),
        "title": notice.title,
        "why": notice.why,
    }
    for name in ("look", "go_on", "undo"):
        value[name] = [{"do": one.do, "purpose": one.purpose} for one in getattr(notice, name)]
    return {**value, **notice.details}


def _told(opened: "Specs", target: Target, value: Mapping[str, Any]) -> str:
    """Why one was not told; nothing where it was."""
    told = [_commanded(opened, target, value)] if target.command else []
    told += [_posted(opened.environment.get(target.variable, ""), target, value)] if target.variable else []
    return "; ".join(why for why in told if why)


def _commanded(opened: "Specs", target: Target, value: Mapping[str, Any]) -> str:
    from bep.app.workspace.commands import CommandFailed, run_command

    if opened.source.no_commands:
        return "it runs a command, and none may be run here"
    try:
        ran = run_command(
            target.command,
            opened.root,
            json.dumps(value, ensure_ascii=False),
            timeout=target.timeout,
            environment=opened.environment,
            named=target.environment,
        )
    except CommandFailed as problem:
        return f"{problem}\n{problem.printed}".rstrip()
    return f"the command ended with exit code {ran.code}\n{ran.printed}".rstrip() if ran.code else ""


def _posted(url: str, target: Target, value: Mapping[str, Any]) -> str:
    if not url:
        return f"{target.variable} is not set in the environment"
    answers: list[str] = []
    body = json.dumps(_in_shape(target.shape, value), ensure_ascii=True).encode()
    # A server that answers a byte now and then would keep a connection for ever, and the job with it.
    thread = Thread(target=lambda: answers.append(_post(url, body, target)), daemon=True)
    thread.start()
    thread.join(target.timeout)
    return answers[0] if answers else f"the server in {target.variable} did not answer within {target.timeout} seconds"


def _post(url: str, body: bytes, target: Target) -> str:
    """Why the server did not take it. No exception's own words: most of them quote the URL."""
    import urllib.error
    import urllib.request
    from http import HTTPStatus

    from bep.redirections import opener_without_redirections

    server = f"the server in {target.variable}"
    try:
        if not url.lower().startswith(("https://", "http://")):
            return f"{target.variable} has no address of http or https"
        headers = {"Content-Type": "application/json", "User-Agent": f"bep/{__version__}"}
        request = urllib.request.Request(url, body, headers)
        with opener_without_redirections().open(request, timeout=target.timeout):
            return ""
    except urllib.error.HTTPError as answer:
        known = answer.code in set(HTTPStatus)
        return f"{server} answered {answer.code} {HTTPStatus(answer.code).phrase if known else ''}".rstrip()
    except urllib.error.URLError as problem:
        reason = problem.reason
        return f"{server} cannot be reached: {getattr(reason, 'strerror', None) or type(reason).__name__}"
    except Exception as problem:  # whatever it is, no traceback may quote the URL
        return f"{server} cannot be reached: {type(problem).__name__}"


def _in_shape(shape: Shape, value: Mapping[str, Any]) -> Mapping[str, Any]:
    if shape is Shape.SLACK:
        text = "\n".join(_lines(value))[:LONGEST]
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    if shape is Shape.TEAMS:
        return _card(value)
    return value


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    """What a person reads: the title first, then why, then what to do."""
    yield str(value["title"])
    if value["why"]:
        yield str(value["why"])[:_WHY]
    for word, name in (("look", "look"), ("go on", "go_on"), ("undo", "undo")):
        yield from (f"{word}: {one['do']}  ({one['purpose']})" for one in value[name])
    yield f"in {value['folder']} on {value['machine']}"


def _card(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """An adaptive card, as a workflow of Teams takes it: runs of text know no Markdown, so that no name is a link."""
    first, *rest = "\n".join(_lines(value))[:LONGEST].split("\n")
    runs = [(first, {"weight": "Bolder"}), *((line, {}) for line in rest if line.strip())]
    body = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line, **style}]} for line, style in runs]
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    card = {"$schema": schema, "type": "AdaptiveCard", "version": "1.4", "body": body}
    content = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content, "content": card}]}
