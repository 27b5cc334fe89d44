"""A worker's life: prepare once, then mini-batch after mini-batch until the runner closes the pipe."""

import errno
import os
import sys
import time

from . import lifeline, wire
from .names import names_of
from .part import Part
from .results.formats import FORMATS
from .results.rows import Formatter
from .script import load
from .troubles import describe, ending, shortage, without_hidden

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from .script import Script

_FILES = 10  # of a mini-batch that are named in the log; failed_items.jsonl names all
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def main(numbers: "list[int]") -> "NoReturn":
    """Serve with the file descriptors of: settings, leases, answers, lifeline, shared memory."""
    import mmap

    settings, leases, answers, line, memory = numbers
    lifeline.hold(line)
    # Plain values that the runner wrote with ascii(). Importing json would take longer than a small mini-batch.
    setup = eval(wire.receive(settings, os.fstat(settings).st_size), {"__builtins__": {}})
    shared = mmap.mmap(memory, 0)
    heartbeat = memoryview(shared)[wire.SLOT * setup["slot"] : wire.SLOT * (setup["slot"] + 1)]
    if setup["cores"]:
        os.sched_setaffinity(0, setup["cores"])
    _speak_at_once(setup["errors"])
    worker = Worker(setup, heartbeat, leases, answers)
    worker.prepare()
    worker.serve()
    worker.stop()
    os._exit(0)


class Worker:
    """One process: a script that has been prepared, a part to write to, and the pipes to the runner."""

    def __init__(self, setup: "dict[str, object]", heartbeat: memoryview, leases: int, answers: int) -> None:
        self._setup = setup
        self._heartbeat = heartbeat
        self._leases = leases
        self._answers = answers
        self._id = os.getpid()
        self._clock = time.monotonic  # the script may put another in the module's place
        self._take: Callable[[int, int], list[str]] | None = None
        self._run: Callable[[list[str]], object] | None = None
        sync, roll = float(setup["sync"]), int(setup["roll"])  # type: ignore[arg-type,call-overload]
        self._part = Part(str(setup["part"]), heartbeat, sync, roll)
        self._formatter = Formatter(str(setup["format"]), self._part.begin_columns, self._notice)
        self._script: Script | None = None
        self._attempt = 1
        self._lines = self._counted = 0

    def prepare(self) -> None:
        """Load the script and call its `init()`. What it raises is told to the runner and ends the process."""
        self._beat(wire.PREPARING)
        output = str(self._setup["format"])
        needs = FORMATS[output].needs if output in FORMATS else ""
        try:
            self._script = load(self._setup)
            if needs:
                __import__(needs)
            self._script.prepare()
        except BaseException as error:
            self._fail(error, "prepare")
        self._same_process()
        self._beat(wire.IDLE)
        self._send(wire.READY, b"")

    def serve(self) -> None:
        """Score lease after lease. Rows are written whenever the next lease is not there yet."""
        while True:
            lease = wire.receive(self._leases, wire.LEASE.size)
            if not lease:
                return
            sequence, first, count, size, self._attempt = wire.LEASE.unpack(lease)
            began = self._clock()
            try:
                if self._take is None:
                    self._list()
                calls = self._score(sequence, first, first + count, size)
                now = self._clock()
                self._part.flush(now)
            except BaseException as error:  # the disk is full, or gone; or the script's signal handler has raised
                is_disk = isinstance(error, OSError) and error.errno in _OF_THE_DISK
                self._fail(error, "write" if is_disk else "between")
            self._beat(wire.IDLE)
            self._send(wire.LEASED, wire.DONE.pack(sequence, calls, now - began))

    def _list(self) -> None:
        """Open the items. Their files are whole by the first lease, and may not be there before it."""
        self._names = names_of(self._setup)
        self._take, self._run = self._script.bound(self._names)  # type: ignore[union-attr]

    def _score(self, sequence: int, first: int, end: int, size: int) -> int:
        """Call `run()` for each mini-batch that the runner has not taken back; how many calls that were."""
        heartbeat, add, take, run = self._heartbeat, self._part.add, self._take, self._run
        formatter = self._formatter
        clock, beat, stolen = self._clock, wire.HEARTBEAT.pack_into, wire.STOLEN.unpack_from
        rows, single = self._formatter.rows, self._script.single  # type: ignore[union-attr]
        calls = 0
        while first < end:
            count = min(size, end - first)
            started = clock()
            beat(heartbeat, 0, started, wire.RUNNING, sequence, first)
            if stolen(heartbeat, wire.STOLEN_AT)[0] >= sequence:
                break
            try:
                results, breaks, text = rows(run(take(first, count)))  # type: ignore[misc]
                if os.getpid() != self._id:
                    os._exit(0)
            except BaseException as error:
                self._failed(error, first, count, clock() - started)
            else:
                is_one_a_row = not single and (results <= count or not formatter.gave_table)
                add(first, count, results if is_one_a_row else count, results, breaks, text, started, clock())
                if results < count and not single:
                    self._short(results, first, count)
            first += count
            calls += 1
        return calls

    def _failed(self, error: BaseException, first: int, count: int, seconds: float) -> None:
        """Say which mini-batch failed and why, in the runner's pipe and in the log.

        Printing an exception calls the script: until that is over the call goes on, with its timeout and its blame.
        """
        self._same_process()
        try:
            told = describe(error)
            line = self._log(told, first, count)
            payload = _packed(dict(told, first=first, count=count, seconds=seconds, line=line, how=ending(error)))
        except BaseException as trouble:
            self._same_process()
            if isinstance(trouble, OSError) and trouble.errno in _OF_THE_DISK:
                raise
            os._exit(wire.SPEECHLESS)
        self._beat(wire.IDLE)
        self._send(wire.FAILED, payload)

    def _short(self, results: int, first: int, count: int) -> None:
        """Say that a mini-batch has too few results, once its rows and its journal are where a kill leaves them."""
        self._part.flush(self._clock())
        self._beat(wire.IDLE)
        told = shortage(results, count)
        line = self._log(told, first, count)
        self._tell(wire.SHORT, dict(told, first=first, count=count, line=line))

    def _log(self, told: "dict[str, str]", first: int, count: int) -> int:
        """Write what went wrong with a mini-batch to the log of errors; at which line of it that begins.

        What others write there, such as the stack of a call that ended its process, is counted when it is met.
        """
        _flush()
        files = [f"  {name}\n" for name in self._names.take(first, count)]
        if count > _FILES:
            files[_FILES:] = [f"  and {count - _FILES} more\n"]
        number = f"mini-batch {self._names.number_of(first)}, attempt {self._attempt}"
        text = f"{number}: {told['type']}: {told['message']}\n{''.join(files)}{told['traceback']}\n"
        with open(str(self._setup["errors"]), "ab+") as log:
            log.seek(self._counted)
            before = log.read()
            written = text.encode("utf-8", "backslashreplace")
            log.write(written)
        line = self._lines + before.count(b"\n") + 1
        self._lines = line - 1 + written.count(b"\n")
        self._counted += len(before) + len(written)
        return line

    def stop(self) -> None:
        """Call the script's `shutdown()`; what it raises is a notice, for all rows are written."""
        self._beat(wire.STOPPING)
        try:
            self._script.stop()  # type: ignore[union-attr]
        except BaseException as error:
            self._same_process()
            self._send(wire.NOTICE, self._described(error, "shutdown"))
        self._same_process()
        _flush()

    def _notice(self, message: str) -> None:
        """Say what the user should know of the rows, which are kept all the same."""
        told = {"type": "", "message": without_hidden(message), "traceback": "", "where": "rows"}
        self._tell(wire.NOTICE, told)  # type: ignore[arg-type]

    def _beat(self, phase: int) -> None:
        wire.BEAT.pack_into(self._heartbeat, 0, self._clock(), phase)

    def _same_process(self) -> None:
        """A process that the script forked, and that came back from the script, must not go on as the worker."""
        if os.getpid() != self._id:
            os._exit(0)

    def _tell(self, kind: int, told: "dict[str, object]") -> None:
        self._send(kind, _packed(told))

    def _send(self, kind: int, payload: bytes) -> None:
        try:
            wire.send(self._answers, kind, payload)
        except OSError:  # the runner has gone, or the script has closed the pipe: nobody to work for
            os._exit(wire.UNHEARD)

    def _fail(self, error: BaseException, where: str) -> "NoReturn":
        """Say what ends this process, and end it."""
        self._same_process()
        self._send(wire.FATAL, self._described(error, where))
        _flush()
        os._exit(wire.FAILING)

    def _described(self, error: BaseException, where: str) -> bytes:
        """What is to be said of an exception outside `run()`. To print one calls the script, which may forbid it."""
        number = getattr(error, "errno", None) if where == "write" else None
        try:
            return _packed(dict(describe(error), where=where, errno=number))
        except BaseException:
            self._same_process()
            os._exit(wire.SPEECHLESS)


def _packed(told: "dict[str, object]") -> bytes:
    import json

    return json.dumps(told).encode()


def _flush() -> None:
    """Bring what the script printed to its log, if what it has put in the place of these two allows it."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except BaseException:  # nobody is left to tell
            pass


def _speak_at_once(errors: str) -> None:
    """Lines reach the log when they are printed, and a native crash or a timeout leaves its stack there."""
    import faulthandler
    import io

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
        else:
            setattr(sys, name, io.TextIOWrapper(stream.detach(), "utf-8", "backslashreplace", line_buffering=True))
    log = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    faulthandler.enable(log, all_threads=False)
