"""Who is told while a user's folder is looked through, which can take minutes. A face says who; nobody by default."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Step = Callable[[int], None]
"""Called for each file that is looked at, and with the bytes that were read of it."""

Watcher = Callable[[str], AbstractContextManager[Step]]
"""Given a path, told of each step until it is closed."""


def _nobody(_: int) -> None:
    """A step that nobody is told of."""


def unwatched(_: str) -> AbstractContextManager[Step]:
    """The watcher where nobody watches."""
    return nullcontext(_nobody)


_watcher: Watcher = unwatched


def let_watch(watcher: Watcher) -> None:
    """Tell this one from now on, in this process."""
    global _watcher
    _watcher = watcher


def looking_at(path: str) -> AbstractContextManager[Step]:
    """What is called at each step while `path` is looked through."""
    return _watcher(path)
