"""What was last considered of each schedule, kept in one file of the workspace. Knows no trigger and no job.

It is written whole or not at all. Where it is lost, or a kill comes before it is written, a time is considered again:
its job is ordered by the same request, and so is the same job.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bep.app.errors import Refused
from bep.disk import modes
from bep.disk.durable import At, nowhere, write_durably
from bep.disk.locks import taken
from bep.lazy_dataclasses import dataclass

_FORMAT: Final = 1


@dataclass(frozen=True)
class Considered:
    """One schedule: every time up to `until` was seen to, by the rule with the digest `rule`.

    `time` is the last for which a job was to be, `job` its name, and `error` why there is none.
    """

    until: datetime
    rule: str
    time: datetime | None = None
    job: str = ""
    error: str = ""


class Memory:
    """What is kept of the schedules of one workspace, in its stage; `at` is told each step of a write."""

    def __init__(self, home: Path, *, at: At = nowhere) -> None:
        self._file = home / "schedules" / "considered.json"
        self._at = at

    def every(self) -> dict[str, Considered]:
        """By the names of schedules. Raises `Refused` for a file that is none of bep's."""
        try:
            kept = json.loads(self._file.read_bytes())
            if kept["format_version"] > _FORMAT:
                raise Refused(f"{self._file} was written by a newer bep: use that")
            return {name: _considered(one) for name, one in kept["schedules"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(
                f"{self._file} cannot be read\n"
                "    fix: remove it; times since the schedules were applied are then seen to again, and a time that had"
                " its job has no other"
            ) from None

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether nobody else sees to these schedules until the end: they are seen to by one at a time."""
        modes.make_folder(self._file.parent)
        with taken(self._file.with_suffix(".lock")) as is_mine:
            yield is_mine

    def keep(self, every: Mapping[str, Considered]) -> None:
        """Write it all."""
        schedules = {name: _as_json(one) for name, one in sorted(every.items())}
        text = json.dumps({"format_version": _FORMAT, "schedules": schedules}, indent=2)
        write_durably(self._file, text.encode(), at=self._at)


def _as_json(one: Considered) -> dict[str, Any]:
    time = one.time.isoformat() if one.time else None
    return {"until": one.until.isoformat(), "rule": one.rule, "time": time, "job": one.job, "error": one.error}


def _considered(kept: Mapping[str, Any]) -> Considered:
    time = datetime.fromisoformat(kept["time"]) if kept["time"] else None
    return Considered(datetime.fromisoformat(kept["until"]), kept["rule"], time, kept["job"], kept["error"])
