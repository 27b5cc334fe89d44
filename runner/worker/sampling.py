"""A few mini-batches on a person's terminal: the script as a job runs it, what it says and raises straight out."""

import os
import sys
import time

from . import wire
from .names import names_of
from .results.rows import Formatter
from .script import load
from .troubles import describe, scripts_frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from .script import Script

FAILED = 1
UNPREPARED = 2


def main(settings: int) -> "NoReturn":
    """Score what the open file `settings` says, as `serving` gets it, and `items`, `format` and `debug` besides.

    Exits with 0, with FAILED when a `run()` failed, or with UNPREPARED when the script could not be loaded.
    """
    setup = eval(wire.receive(settings, os.fstat(settings).st_size), {"__builtins__": {}})
    os.close(settings)
    _speak_plainly()
    sample = Sample(setup)
    try:
        code = sample.run()
    except KeyboardInterrupt:
        code = 130
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Sample:
    """One process, one script, a few calls of its `run()`."""

    def __init__(self, setup: "dict[str, object]") -> None:
        self._setup = setup
        self._names = names_of(setup)
        self._formatter = Formatter(str(setup["format"]), notice=lambda message: _say("{}", message))
        self._scored = 0
        self._failed = 0

    def run(self) -> int:
        """Prepare, score, stop; the exit code."""
        began = time.monotonic()
        try:
            script = load(self._setup)
            script.prepare()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._show(error, "the script could not be prepared")
            return UNPREPARED
        prepared = time.monotonic()
        _say("prepared in {:.2f} s (Python {})", prepared - began, sys.version.split()[0])
        take, run = script.bound(self._names)
        for number, (first, count) in enumerate(self._names.mini_batches()):
            if not self._score(script, run, number, take(first, count)) and self._setup["debug"]:
                break
        self._stop(script)
        _say(
            "{} scored, {} failed in {:.2f} s; nothing was kept",
            self._scored,
            self._failed,
            time.monotonic() - prepared,
        )
        return FAILED if self._failed else 0

    def _score(self, script: "Script", run: "Callable[[list[str]], object]", number: int, files: "list[str]") -> bool:
        """One call of `run()`; whether it went well."""
        count = len(files)
        _say("mini-batch {}: {}", number, ", ".join(os.path.basename(file) for file in files))
        began = time.monotonic()
        try:
            results = run(list(files))
            given, _, text = self._formatter.rows(results)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._failed += count
            self._show(error, f"run() failed after {time.monotonic() - began:.2f} s")
            for file in files:
                _say("  {}", file)
            return False
        seconds = time.monotonic() - began
        given = count if script.single else given
        sys.stdout.write(text.decode("utf-8", "backslashreplace") if text else repr(results) + "\n")
        sys.stdout.flush()
        self._count(count, given, seconds)
        return True

    def _count(self, count: int, given: int, seconds: float) -> None:
        self._scored += min(count, given)
        self._failed += max(0, count - given)
        _say("  {} results for {} items in {:.3f} s", given, count, seconds)
        if given < count:
            _say("  a job would count {} as failed", count - given)
        if seconds > float(self._setup["timeout"]):  # type: ignore[arg-type]
            _say("  a job would have ended this call: its timeout is {:g} s", self._setup["timeout"])

    def _stop(self, script: "Script") -> None:
        try:
            script.stop()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._show(error, "shutdown() failed, which a job only notes")

    def _show(self, error: BaseException, when: str) -> None:
        """The script's own traceback; then, if that was asked for, the debugger where it was raised."""
        told = describe(error)
        sys.stdout.flush()
        _say("{}: {}: {}", when, told["type"], told["message"])
        sys.stderr.write(told["traceback"])
        sys.stderr.flush()
        frames = scripts_frames(error)
        if self._setup["debug"] and frames is not None:
            import pdb

            pdb.post_mortem(frames)


def _say(text: str, *values: object) -> None:
    sys.stderr.write("sample: " + text.format(*values) + "\n")
    sys.stderr.flush()


def _speak_plainly() -> None:
    """The streams of a job's worker, but on the terminal; a native crash leaves its stack there."""
    import faulthandler

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    faulthandler.enable()
