"""A shard of a prepared job, scored on this machine: no workspace, no specs. Prints nothing."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Invalid, Refused
from bep.lazy_dataclasses import dataclass, field
from bep.schemas.next_step import again, step

if TYPE_CHECKING:
    from threading import Event as Flag

    from bep.app.jobs.service import Watch
    from bep.runner.folder.folder import JobFolder
    from bep.runner.folder.record import JobError
    from bep.runner.request import JobRequest
    from bep.runner.shards.choosing import Choice
    from bep.runner.shards.prepared import Prepared
    from bep.runner.shards.session import Found, Session
    from bep.runner.shards.status import ShardStatus as ShardStatus
    from bep.runner.shards.telling import Teller
    from bep.runner.shares.share import Share

_MOST_WORKERS = 4096


@dataclass(frozen=True)
class Wanted:
    """Which shard, as it was written (`I/N`, `auto/N`), of which prepared job: `name` may be empty where the share has
    one. `workers` is how many are started here, None for as many as the job says an instance has; `values` are of
    environment variables, the secret ones among them, and win over this process's."""

    shard: str
    share: str
    name: str = ""
    workers: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shard:
    """A shard that was found: of the prepared job `name`; `note` says from where its number comes, where it was not
    written."""

    wanted: Wanted
    choice: "Choice"
    share: "Share"
    prepared: "Prepared"

    @property
    def name(self) -> str:
        """The prepared job's."""
        return self.prepared.name

    @property
    def note(self) -> str:
        """What is to be said of it."""
        return self.choice.note

    def score(self, environment: Mapping[str, str], watch: "Watch") -> "ShardStatus":
        """Score what nobody has scored of it. What became of it is in the share, too.

        Raises `Invalid`, `JobInvalid`, `ProviderError` for an environment that cannot be built, `OSError`.
        """
        from bep.runner.shards.scratch import scratch
        from bep.runner.shards.session import Session, look
        from bep.runner.shards.taking import starts_of

        name = secrets.token_hex(4)
        with scratch(name, environment) as folder:
            starts = starts_of(self.share, self.prepared, folder)
            session = Session(self.share, self.prepared, self.choice.shard, self.choice.shards, name, starts)
            return _Scoring(self.wanted, environment, watch, session, look(session), folder).carry_out()


def shard_of(wanted: Wanted, environment: Mapping[str, str], base: Path) -> Shard:
    """Find it. `base` is what a share's path is relative to. Raises `Refused`, `JobInvalid`."""
    from bep.runner.shards.choosing import chosen
    from bep.runner.shares.share import share_at

    choice = chosen(wanted.shard, environment)
    if wanted.workers is not None and not 1 <= wanted.workers <= _MOST_WORKERS:
        raise Refused(f"{wanted.workers} workers: a machine can have 1 to {_MOST_WORKERS:,}", about="workers")
    share = share_at(wanted.share, base)
    return Shard(wanted, choice, share, _prepared(share, wanted.name))


def summary_of(status: "ShardStatus") -> dict[str, object]:
    """A shard as a value for scripts."""
    told = status.model_dump(mode="json", exclude={"format_version", "every"})
    return {**told, "shard": f"{status.shard}/{status.shards}", "shards": status.shards}


def as_event(status: "ShardStatus") -> dict[str, object]:
    """The last event of a session."""
    return {"type": "shard_finished", "session": summary_of(status)}


def _prepared(share: "Share", name: str) -> "Prepared":
    """The prepared job of a name; without one, the only one that there is."""
    from bep.runner.shards.seen import NotPrepared, Shared
    from bep.schemas.findings.did_you_mean import listed

    if name:
        return Shared(share, name).document()
    there = [one for one in share.folders("") if not one.startswith(".")]
    found = [one for one in there if "job.json" in share.listed(one)] if len(there) > 1 else there
    if not found:
        say = step("run", "job.yml", prepare=True, share=share.address)
        raise NotPrepared(f"{share.address} has no prepared job\n    fix: in the workspace of the job, {say}", say)
    if len(found) > 1:
        say = again(name="NAME")
        raise NotPrepared(f"{share.address} has several prepared jobs: {listed(found)}\n    fix: {say}", say)
    return Shared(share, found[0]).document()


@dataclass
class _Scoring:
    """What the steps share."""

    wanted: Wanted
    environment: Mapping[str, str]
    watch: "Watch"
    session: "Session"
    found: "Found"
    folder: "JobFolder"

    def carry_out(self) -> "ShardStatus":
        """Every step; whatever stops one is said in the share, too."""
        from bep.runner.errors import Cancelled
        from bep.runner.shards.status import State
        from bep.runner.shards.telling import Teller, status_of

        values = self._values() if self.found.missing else {}
        status = status_of(self.session, self.found, os.uname().nodename, os.getpid(), self._workers, datetime.now(UTC))
        teller = Teller(self.session.share, status)
        if not self.found.missing:
            return self._nothing_left(teller)
        teller.start()
        try:
            with self.watch.stopping("publishing what is settled of this shard") as stop:
                request = self._request(values, stop)
                if stop.is_set():
                    return teller.end(State.CANCELLED)
                return self._scored(request, teller, stop)
        except Cancelled:
            return teller.end(State.CANCELLED)
        except BaseException as error:
            teller.end(State.FAILED, _told(error))
            raise

    def _nothing_left(self, teller: "Teller") -> "ShardStatus":
        """The answer that the session had which scored the last of it: too many failed items are no success now."""
        from bep.runner.scheduling.tally import too_many_failed
        from bep.runner.shards.status import State

        failed, threshold = self.found.failed, self.session.prepared.settings.error_threshold
        if failed > threshold >= 0:
            return teller.end(State.FAILED, too_many_failed(failed, threshold))
        return teller.end(State.DONE)

    def _scored(self, request: "JobRequest", teller: "Teller", stop: "Flag") -> "ShardStatus":
        from bep.runner.shards.scoring import How, score

        how = How(self.watch.report, stop, say=self.watch.say)
        state = score(self.session, self.found, request, self.folder, teller, how)
        return teller.end(state, teller.status.error)

    @property
    def _workers(self) -> int:
        return self.wanted.workers or self.session.prepared.settings.max_concurrency_per_instance

    def _values(self) -> dict[str, str]:
        """Of the secret variables, from where this process was given them. All that are missing are named."""
        secret, given = self.session.prepared.target.secret_variables, self.wanted.values
        missing = [name for name in secret if name not in given and name not in self.environment]
        if missing:
            names, job = ", ".join(missing), self.session.prepared.name
            say = again(env=f"{missing[0]}=VALUE")
            raise Invalid(
                f"{job} needs the values of secret variables, which its share does not have: {names}\n"
                f"    fix: set them in the environment of this process, or {say}",
                next=(say,),
            )
        return {**{name: self.environment[name] for name in secret if name not in given}, **given}

    def _request(self, values: Mapping[str, str], stop: "Flag") -> "JobRequest":
        """Bring model and code here, find or build the environment; what to score with."""
        from bep.app.shards.environment import environment_of
        from bep.runner.errors import ShareRefused
        from bep.runner.shards.hosting import Host
        from bep.runner.transfer.transfers import Board

        share, prepared, folder = self.session.share, self.session.prepared, self.folder
        host, say = Host(share, prepared, folder, self._workers, self.environment), self.watch.say
        board = Board("fetching model and code", ShareRefused, stop, self.watch.report)
        host.fetch(board)
        ready = environment_of(prepared, share, folder.path, self.environment, say, board=board)
        for note in ready.notes:
            say(f"warning: {note}")
        return host.request(ready.interpreter, ready.activated, values)


def _told(error: BaseException) -> "JobError":
    from bep.runner.folder.record import error_of

    code = getattr(error, "code", "") or type(error).__name__
    return error_of(str(code), str(error) or type(error).__name__)
