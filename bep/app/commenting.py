"""A plan as the one comment of its workspace and stage in a pull request. Prints nothing; asks the host alone."""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused, WorldFailed
from bep.lazy_dataclasses import dataclass
from bep.schemas.next_step import again

if TYPE_CHECKING:
    from bep.code_hosts.protocol import HostError, PullRequest
    from bep.planner.plan import Plan


@dataclass(frozen=True, slots=True)
class PreparedComment:
    """A comment, ready: for which host, what finds it again, and all of its text."""

    host: str
    marker: str
    body: str


@dataclass(frozen=True, slots=True)
class Posted:
    """`action` is `created`, `updated` or `unchanged`; `removed` are others of the same workspace and stage."""

    host: str
    place: str
    action: str
    url: str
    removed: int


def prepared(
    plan: "Plan", host: str = "", *, elsewhere: str = "", undo: str = "", environment: Mapping[str, str] | None = None
) -> PreparedComment:
    """The comment for a host, or for that of the pipeline which runs. `elsewhere` says where to see what is left out,
    and `undo` what to type to take the plan back.

    Raises `Refused` where no host was named and none can be told.
    """
    from bep.app.plans.showing import without_clear_secrets
    from bep.code_hosts.hosts import page_of
    from bep.planner.rendering.dialects import DIALECTS
    from bep.planner.rendering.markdown import ELSEWHERE, marker, render

    environment = os.environ if environment is None else environment
    host = _host(host, environment)
    dialect = DIALECTS[host]
    shown, _ = without_clear_secrets(plan)
    text = render(shown, dialect, elsewhere or ELSEWHERE, page_of(environment), undo)
    return PreparedComment(host, marker(shown, dialect), text)


def post(
    comment: PreparedComment,
    number: str = "",
    *,
    environment: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda said: None,
    wait: Callable[[float], None] = time.sleep,
) -> Posted:
    """Make the comment, or bring the one that is there up to date.

    `number` is a pull request that a person named; else it is the pipeline's. Raises `Refused` where the pipeline does
    not say where, and `WorldFailed` where the host does not do it.
    """
    from bep.code_hosts.hosts import pull_request_of
    from bep.code_hosts.keeping import keep_comment
    from bep.code_hosts.protocol import HostError

    if number and not (number.isascii() and number.isdigit()):
        raise Refused(f"{number!r} is no number of a pull request")
    target = pull_request_of(comment.host, os.environ if environment is None else environment, number)
    _must_be_known(comment.host, target)
    try:
        kept = keep_comment(target.connect(), comment.marker, comment.body, tell=tell, wait=wait)
    except HostError as error:
        raise WorldFailed(_told(comment.host, target, error)) from None
    return Posted(comment.host, target.place, kept.action, kept.comment.url, kept.removed)


def as_json(posted: Posted) -> dict[str, Any]:
    """For a machine."""
    return {
        "platform": posted.host,
        "place": posted.place,
        "action": posted.action,
        "url": posted.url,
        "removed": posted.removed,
    }


def _host(named: str, environment: Mapping[str, str]) -> str:
    from bep.code_hosts.hosts import HOSTS, guessed

    found = named or guessed(environment)
    if found in HOSTS:
        return found
    if named:
        raise Refused(f"{named!r} is no code host that is known; known are {', '.join(HOSTS)}")
    choose = again(platform="github")
    told = f"no pipeline that is known runs here, so the host is to be named: {', '.join(HOSTS)}"
    raise Refused(f"{told}\n    fix: {choose}", next=(choose,))


def _must_be_known(host: str, target: "PullRequest") -> None:
    from bep.code_hosts.hosts import HOSTS

    if target.missing:
        show = again(dry_run=True)
        lines = "".join(f"\n    {sentence}" for sentence in target.missing)
        told = f"no comment can be written on {HOSTS[host]}:{lines}\n    {show} shows it without writing it"
        raise Refused(told, next=(show,))


def _told(host: str, target: "PullRequest", error: "HostError") -> str:
    """What the host said, and what that means."""
    from bep.code_hosts.hosts import HOSTS, right_on

    place = f"{HOSTS[host]} {target.place}"
    if error.is_passing:
        return f"{place}: {error}\n    fix: run it again later"
    fixes = {
        401: f"the token is not accepted: it may have ended; it has to be {right_on(host)}",
        403: f"the token may not do this: it needs {right_on(host)}",
        404: f"there is no such pull request, or the token may not see it: it needs {right_on(host)}",
    }
    return f"{place}: {error}" + (f"\n    fix: {fixes[error.status]}" if error.status in fixes else "")
