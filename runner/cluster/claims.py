"""Which driver a prepared job has: each claims it in the share, and one that sees a later claim stops. Knows no node.

No store need know how to create only what is not there: a claim has a name of its own and a term, one more than all
that its driver saw. The greatest term counts, then the greatest session; who takes a job over removes the claims of
before. Whether a driver lives is known from its claim, which changes while one looks, and never from the time that a
clock of another machine says.
"""

import json
import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import JobBusy, NotShared
from bep.runner.shares.share import Share
from bep.schemas.values.written import Field, Invalid, Written

FOLDER: Final = "drivers"
"""The folder of a prepared job that has them."""

EVERY: Final = 2.0
"""Seconds between two beats."""
_LOOKS: Final = 3  # beats that one that lives may be late


class Superseded(JobBusy):
    """Another driver has this job now: this one must not write anything more."""

    code = "JobBusy"


class Claim(Written):
    """One driver's. `beat` is one more each time it is written; `host` and `process` are for a person to read."""

    format_version: Literal[1] = 1
    session: str = Field(pattern="^[0-9a-f]{8}$")
    term: int = Field(ge=1)
    beat: int = Field(default=0, ge=0)
    host: str = ""
    process: int = 0

    @property
    def rank(self) -> tuple[int, str]:
        """The greatest counts."""
        return self.term, self.session


@dataclass(slots=True)
class Claiming:
    """A driver that has a job. Nobody else changes `mine`."""

    share: Share
    job: str
    mine: Claim

    def beat(self) -> None:
        """Say that this driver lives. Due every `EVERY` seconds. Raises `Superseded`, and `ShareRefused`."""
        names = self.share.listed(f"{self.job}/{FOLDER}")
        if self.mine.beat and f"{self.mine.session}.json" not in names:
            raise Superseded(f"{self.job} in {self.share.address} was taken over by another process")
        for other in _read(self.share, self.job, names):
            if other.rank > self.mine.rank:
                raise Superseded(
                    f"{self.job} in {self.share.address} was taken over by process {other.process} on {other.host}"
                )
        self.mine = self.mine.model_copy(update={"beat": self.mine.beat + 1})
        self._put()

    def let_go(self) -> None:
        """This driver is at its end."""
        self.share.remove(_place(self.job, self.mine.session))

    def _put(self) -> None:
        content = json.dumps(self.mine.model_dump(mode="json"), sort_keys=True) + "\n"
        self.share.put(_place(self.job, self.mine.session), content.encode())


def claimed(
    share: Share,
    job: str,
    session: str,
    host: str,
    process: int,
    wait: Callable[[float], None] = time.sleep,
) -> Claiming:
    """Take a prepared job. Where claims of others are there, it is seen first whether their drivers live.

    Raises `JobBusy` where one does, `Superseded` where another has taken it at the same time, `ShareRefused`.
    """
    before = _claims(share, job)
    for _ in range(_LOOKS if before else 0):
        wait(EVERY)
        _must_not_live(share, job, before)
    term = 1 + max((one.term for one in before), default=0)
    taken = Claiming(share, job, Claim(session=session, term=term, host=host, process=process))
    taken._put()
    try:
        taken.beat()
    except Superseded:
        taken.let_go()
        raise
    for dead in before:
        share.remove(_place(job, dead.session))
    return taken


def beat_of(share: Share, job: str, session: str) -> int | None:
    """How often a driver has written its claim, as far as can be read; None where it has none. Raises
    `ShareRefused`."""
    try:
        return Claim.model_validate(json.loads(share.read(_place(job, session)))).beat
    except (Invalid, NotShared, ValueError, RecursionError):
        return None


def removed(share: Share, job: str, session: str) -> None:
    """Remove the claim of a driver that is known to be dead: whoever takes the job over need not wait then. Raises
    `ShareRefused`."""
    share.remove(_place(job, session))


def _must_not_live(share: Share, job: str, before: list[Claim]) -> None:
    known = {one.session: one.beat for one in before}
    for one in _claims(share, job):
        if known.get(one.session) != one.beat:
            raise JobBusy(
                f"{job} in {share.address} is being scored already, by process {one.process} on {one.host}\n"
                "    fix: wait until that is done, or cancel it there"
            )


def _claims(share: Share, job: str) -> list[Claim]:
    return _read(share, job, share.listed(f"{job}/{FOLDER}"))


def _read(share: Share, job: str, names: Iterable[str]) -> list[Claim]:
    """All that can be read, the lowest first: what is torn is being written, or its writer was killed."""
    found = []
    for name in names:
        try:
            one = Claim.model_validate(json.loads(share.read(f"{job}/{FOLDER}/{name}")))
        except (Invalid, NotShared, ValueError, RecursionError):
            continue
        if name == f"{one.session}.json":
            found.append(one)
    return sorted(found, key=lambda one: one.rank)


def _place(job: str, session: str) -> str:
    return f"{job}/{FOLDER}/{session}.json"
