"""What a driver writes down in the share of a prepared job: which segments count, and what was given up. Knows no node.

One object a commit, with a name that nobody else can have: no store need know how to append. What no commit names does
not count, though a whole segment may have it: a node that was given up may have written on.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Condition, Thread
from typing import Final, Literal

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.runner.cluster.batches import Batches, joined, without
from bep.runner.cluster.messages import GiveUp, Piece
from bep.runner.errors import JobInvalid, NotShared, ShareRefused
from bep.runner.segments.names import whole
from bep.runner.shares.share import Share
from bep.schemas.values.written import Field, Invalid, Written

FOLDER: Final = "commits"
"""The folder of a prepared job that has them."""

_NAME = lazy_pattern(r"([0-9]{4,9})-[0-9a-f]{8}-[0-9]{8}\.json")
_TOGETHER: Final = 0.3  # seconds in which what comes goes into one object: a put in a store takes about that
_PATIENCE: Final = 120.0  # seconds for which a share may refuse: nodes go on meanwhile
_PAUSE: Final = 2.0  # seconds before a share that refused is asked again


class Counted(Written):
    """The mini-batches `first` to `end` (exclusive) are in the segment of that name; `scored` and `failed` items."""

    first: int = Field(ge=0)
    end: int = Field(ge=1)
    scored: int = Field(ge=0)
    failed: int = Field(ge=0)
    segment: str


class GivenUp(Written):
    """A mini-batch that nobody will score, for so many nodes were lost with it; `why` the last one was."""

    batch: int = Field(ge=0)
    losses: int = Field(ge=1)
    why: str


class Commit(Written):
    """One object. `manifest` is the digest of the job's names: what is of another job does not count in this one.
    Mini-batches have the numbers that the order of this number gives them: what is of another order does not count."""

    format_version: Literal[1] = 1
    manifest: str
    order: int = Field(ge=1)
    session: str = Field(pattern="^[0-9a-f]{8}$")
    number: int = Field(ge=1)
    counted: tuple[Counted, ...] = ()
    given_up: tuple[GivenUp, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """All that counts of an order. `unread` are names of objects that are torn, foreign or of a later bep."""

    counted: tuple[Counted, ...] = ()
    given_up: tuple[GivenUp, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def segments(self) -> frozenset[str]:
        """Names of the segments that count."""
        return frozenset(one.segment for one in self.counted)

    @property
    def done(self) -> tuple[Batches, ...]:
        """The mini-batches that need not be given again."""
        given_up = (Batches(one.batch, one.batch + 1) for one in self.given_up)
        return joined([*(Batches(one.first, one.end) for one in self.counted), *given_up])

    def left_of(self, batches: int) -> tuple[Batches, ...]:
        """What is to be given, of so many mini-batches in all."""
        return without([Batches(0, batches)], self.done)

    def standing(self, listed: Mapping[str, int]) -> "Committed":
        """The same without segments that are gone or torn in the folder of segments (size by name); a mini-batch that
        was given up and has a segment after all is not given up."""
        there = {name.text for name in whole(listed)[0]}
        counted = tuple(one for one in self.counted if one.segment in there)
        done = joined(Batches(one.first, one.end) for one in counted)
        given_up = {one.batch: one for one in self.given_up if without([Batches(one.batch, one.batch + 1)], done)}
        return Committed(counted, tuple(given_up[batch] for batch in sorted(given_up)), self.unread)


def name_of(order: int, session: str, number: int) -> str:
    """Where a commit stands below the folder of a prepared job."""
    return f"{FOLDER}/{order:04d}-{session}-{number:08d}.json"


def is_of(name: str, order: int) -> bool:
    """Whether a file of the folder of commits is one of this order, by its name alone."""
    found = _NAME.fullmatch(name)
    return found is not None and int(found[1]) == order


def read_all(share: Share, job: str, manifest: str, order: int) -> Committed:
    """What the drivers of an order of a job have committed so far. Raises `ShareRefused`."""
    counted: list[Counted] = []
    given_up: list[GivenUp] = []
    unread = []
    for name in sorted(share.listed(f"{job}/{FOLDER}")):
        if _NAME.fullmatch(name) and not is_of(name, order):
            continue
        found = read_one(share, f"{job}/{FOLDER}/{name}", name, manifest)
        if found is None:
            unread.append(name)
        else:
            counted += found.counted
            given_up += found.given_up
    return Committed(tuple(counted), tuple(given_up), tuple(unread))


def read_one(share: Share, place: str, name: str, manifest: str) -> Commit | None:
    """What stands at a place of the share, whose last step is the name; None where that is no commit of this job.
    Raises `ShareRefused`."""
    if _NAME.fullmatch(name) is None:
        return None
    try:
        found = Commit.model_validate(json.loads(share.read(place)))
    except (Invalid, NotShared, ValueError, RecursionError):
        return None
    named = name_of(found.order, found.session, found.number)
    is_own = found.manifest == manifest and named == f"{FOLDER}/{name}"
    return found if is_own and all(one.first < one.end for one in found.counted) else None


@dataclass(slots=True)
class Journal:
    """Writes commits of one session, in a thread of its own: a share may be slow, and the driver must not wait for it.

    What comes within a moment, or while an object is being put, goes together into the next one. A share that refuses
    is asked again for `patience` seconds. `failed` is told once why nothing can be written any more; what was noted
    since the last good put does not count then.
    """

    share: Share
    job: str
    manifest: str
    order: int
    session: str
    failed: Callable[[JobInvalid], None]
    together: float = _TOGETHER
    patience: float = _PATIENCE
    pause: float = _PAUSE
    written: int = 0
    error: JobInvalid | None = None
    _counted: list[Piece] = field(default_factory=list)
    _given_up: list[GiveUp] = field(default_factory=list)
    _is_closing: bool = False
    _is_abandoned: bool = False
    _changed: Condition = field(default_factory=Condition)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = Thread(target=self._write_all, name="commits", daemon=True)
        self._thread.start()

    def count(self, pieces: Iterable[Piece]) -> None:
        """These pieces count, as soon as this is written."""
        with self._changed:
            self._counted += pieces
            self._changed.notify_all()

    def give_up(self, given_up: GiveUp) -> None:
        """This mini-batch will not be scored."""
        with self._changed:
            self._given_up.append(given_up)
            self._changed.notify_all()

    def hurry(self) -> None:
        """Wait for nothing more to come together: little will."""
        with self._changed:
            self.together = 0.0
            self._changed.notify_all()

    def close(self) -> JobInvalid | None:
        """Wait until all is written; why it is not."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        return self.error

    def abandon(self) -> None:
        """Write nothing more: this session has no right to, any more."""
        with self._changed:
            self._counted, self._given_up = [], []
            self._is_abandoned = True
        self.close()

    def _write_all(self) -> None:
        while (commit := self._next()) and not self._is_abandoned:
            try:
                self._put(commit)
            except JobInvalid as error:
                self.error = error
                self.failed(error)
                return

    def _put(self, commit: Commit) -> None:
        content = json.dumps(commit.model_dump(mode="json"), separators=(",", ":")) + "\n"
        place = f"{self.job}/{name_of(self.order, self.session, commit.number)}"
        until = time.monotonic() + self.patience
        while not self._is_abandoned:
            try:
                self.share.put(place, content.encode())
                self.written = commit.number
                return
            except ShareRefused:
                if time.monotonic() + self.pause > until:
                    raise
            with self._changed:
                self._changed.wait_for(lambda: self._is_abandoned, self.pause)

    def _next(self) -> Commit | None:
        """What is to be written; None when nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._counted or self._given_up or self._is_closing)
            self._changed.wait_for(lambda: self._is_closing or not self.together, self.together)
            pieces, self._counted = self._counted, []
            given_up, self._given_up = self._given_up, []
        if not pieces and not given_up:
            return None
        return Commit(
            manifest=self.manifest,
            order=self.order,
            session=self.session,
            number=self.written + 1,
            counted=tuple(_counted(piece) for piece in pieces),
            given_up=tuple(GivenUp(batch=one.batch, losses=one.losses, why=one.why) for one in given_up),
        )


def _counted(piece: Piece) -> Counted:
    first, end = piece.batches
    return Counted(first=first, end=end, scored=piece.scored, failed=piece.failed, segment=piece.segment)
