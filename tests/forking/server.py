"""A process that has imported bep and forks for each command that a test starts.

Python and bep take most of a small command's time to be imported. A forked command is a process of its own all the
same: its folder, environment, streams and words are those it was ordered with, it is found, stopped and killed by its
number, and it ends as Python ends. That each command of bep also finds all it needs when nothing is imported is held
by those that are started anew: tests/bep/command_line/test_startup.py, the examples, the walk of `make demo`.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from bep import lazy_dataclasses, lazy_patterns

MOST: Final = 1 << 20
"""The length of an order, in bytes, at most."""
STREAMS: Final = 4
"""What comes with an order: the three standard streams, and where its process and its ending are told."""
ON_USE: Final = (
    *("asyncio", "concurrent.futures.thread", "dataclasses", "decimal", "email.message", "encodings.idna", "fcntl"),
    *("http.client", "importlib.metadata", "inspect", "logging", "multiprocessing", "pty", "ssl", "traceback"),
    *("unittest", "urllib.request", "zipfile", "jmespath", "jsonschema", "pathspec", "pydantic", "typer", "yaml"),
)
"""Packages that bep imports where it has a use for them, less those that take longer than a test saves by them."""
NOT_IMPORTED: Final = ("bep.__main__", "bep.runner.worker")
"""What begins to work when it is imported, and what runs where bep is not."""
SERVING: Final = "bep.server"
"""What only `bep serve` imports, which takes as long as all the rest."""


@dataclass(frozen=True)
class Order:
    """One command: its words, where it runs, all of its environment."""

    words: list[str]
    folder: str
    environment: dict[str, str]


def import_bep(serving: bool) -> None:
    """Import every module of bep's, those of its server if it is to serve, and the packages that it imports on use."""
    import bep

    left_out = NOT_IMPORTED if serving else (*NOT_IMPORTED, SERVING)
    found = (module.name for module in pkgutil.walk_packages(bep.__path__, "bep."))
    for name in (*ON_USE, *found):
        if not name.startswith(left_out):
            with suppress(ImportError):  # a package that is not installed here
                importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("bep.")]:
        for value in list(vars(sys.modules[name]).values()):
            _make_now(value)
    gc.collect()
    gc.freeze()


def _make_now(value: Any) -> None:
    """What is made when it is first used, once for all commands."""
    if isinstance(value, lazy_patterns._LazyPattern):
        value.match  # noqa: B018 - it is compiled when it is asked for anything
    elif isinstance(value, type) and vars(value).get("__init__") is lazy_dataclasses._compile_and_initialize:
        value.__init__ = lazy_dataclasses._initializer(value)  # type: ignore[misc]


def serve(connection: socket.socket) -> Order | None:
    """Fork for each order until nobody orders any more. Returns in each child with its order, else None."""
    living: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not connection:
                    selector.unregister(key.fd)
                    _tell_ending(key.fd, *living.pop(key.fd))
                    continue
                message, streams, _, _ = socket.recv_fds(connection, MOST, STREAMS)
                if not message:
                    return None
                process = os.fork()
                if not process:
                    selector.close()
                    _take(streams)
                    return Order(**json.loads(message))
                os.write(streams[-1], b"%d\n" % process)
                for stream in streams[:-1]:
                    os.close(stream)
                ended = os.pidfd_open(process)
                living[ended] = process, streams[-1]
                selector.register(ended, selectors.EVENT_READ)


def _tell_ending(ended: int, process: int, told: int) -> None:
    _, status = os.waitpid(process, 0)
    with suppress(BrokenPipeError):  # whoever ordered it has left
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os.close(told)
    os.close(ended)


def _take(streams: list[int]) -> None:
    """Have the streams of an order, and nothing that the server has open."""
    for standard, stream in enumerate(streams[:-1]):
        os.dup2(stream, standard)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)  # noqa: PTH208


def begin(order: Order) -> None:
    """Be the process that `python -m bep` is with these words, in this folder, with this environment."""
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as Python does it
    sys.argv = [os.path.join(os.path.dirname(sys.modules["bep"].__file__ or ""), "__main__.py"), *order.words]  # noqa: PTH118, PTH120
    tempfile.tempdir = None
    vars(sys.modules["bep.console"])["_BEGAN"] = time.monotonic()


def main() -> None:
    """Serve, and in each child run its command."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    import_bep(serving=sys.argv[2] == "serve")
    order = serve(connection)
    connection.detach()
    if order is None:
        return
    begin(order)
    try:
        sys.modules["bep.cli"].main()
    except SystemExit as ending:
        if isinstance(ending.code, int):
            end(ending.code)
        raise


def end(code: int) -> None:
    """End as Python does, but leave modules to the system, which would copy each for Python to take it away."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
