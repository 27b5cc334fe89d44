"""Keeps one comment of a pull request up to date: finds it by its marker, writes it anew or makes it. Knows no host.

Whatever fails for now is begun again from the list of comments, so that a request which was carried out although its
answer was lost makes no second comment.
"""

from collections.abc import Callable, Sequence
from typing import Final

from bep.code_hosts.protocol import CodeHost, Comment, HostError
from bep.lazy_dataclasses import dataclass

TRIES: Final = 5
LONGEST_PAUSE: Final = 300.0
GONE: Final = (404, 410)
NOT_OURS: Final = (401, 403)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done: `created`, `updated` or `unchanged`, and how many others of the same marker were taken away."""

    action: str
    comment: Comment
    removed: int = 0


def keep_comment(
    host: CodeHost, marker: str, body: str, *, tell: Callable[[str], None], wait: Callable[[float], None]
) -> Kept:
    """Have one comment with this marker, and this body. Raises `HostError`, after some tries where it may pass."""
    for attempt in range(TRIES):
        try:
            return _kept(host, marker, body, tell)
        except (KeyError, TypeError, AttributeError) as error:
            # what answers is no such host, as a proxy that answers in its stead
            raise HostError(f"it answered what is no comment: {type(error).__name__} {error}") from error
        except HostError as error:
            pause = max(error.pause or 0.0, 2.0**attempt)
            if not error.is_passing or attempt == TRIES - 1 or pause > LONGEST_PAUSE:
                raise
            tell(f"{error}; asking again in {pause:.0f} s")
            wait(pause)
    raise AssertionError("the last try returns or raises")


def _kept(host: CodeHost, marker: str, body: str, tell: Callable[[str], None]) -> Kept:
    ours = host.ours([each for each in host.comments() if _has(each, marker)])
    for place, comment in enumerate(ours):
        if _same(comment.body, body):
            return Kept("unchanged", comment, _removed(host, ours[place + 1 :], tell))
        try:
            updated = host.update(comment, body)
        except HostError as error:
            if error.is_passing or error.status not in (*GONE, *NOT_OURS):
                raise
            continue
        return Kept("updated", updated, _removed(host, ours[place + 1 :], tell))
    return Kept("created", host.create(body))


def _has(comment: Comment, marker: str) -> bool:
    """Whether the marker is a whole line: who quotes it has a `>` ahead, a file that is shown a space."""
    return marker in (line.rstrip() for line in comment.body.splitlines())


def _same(there: str, wanted: str) -> bool:
    return [line.rstrip() for line in there.strip().splitlines()] == [
        line.rstrip() for line in wanted.strip().splitlines()
    ]


def _removed(host: CodeHost, others: Sequence[Comment], tell: Callable[[str], None]) -> int:
    """How many are gone; one that may not be removed stays, and is told of: the comment itself is there."""
    count = 0
    for comment in others:
        try:
            host.delete(comment)
        except HostError as error:
            if error.is_passing:
                raise
            if error.status not in GONE:
                tell(f"an older comment could not be removed: {error}")
            continue
        count += 1
    return count
