"""Regular expressions that are compiled when they are first used. Knows none of bep's.

Compiling one takes longer than importing its module, and of the hundred that bep has a command uses a few.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, AnyStr, cast

_compiled = re.compile


class _LazyPattern:
    """Stands in for a compiled pattern: what is asked of it is asked of the compiled one, and then kept here."""

    def __init__(self, text: Any, flags: int) -> None:
        self._arguments = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # what copies and pickles look for; no pattern has it
        found = getattr(_compiled(*self._arguments), name)  # compiled once: `re` remembers
        setattr(self, name, found)
        return found


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, to be called where a module keeps it for whoever calls. A wrong text raises at use."""
    return cast("re.Pattern[AnyStr]", _LazyPattern(text, flags))


@contextmanager
def patterns_compiled_at_use() -> Iterator[None]:
    """While a package is imported that compiles more than it is used for: its patterns are compiled as bep's are."""
    compile_now = re.compile
    re.compile = lazy_pattern  # type: ignore[assignment]  # both give what has a pattern's methods
    try:
        yield
    finally:
        re.compile = compile_now
