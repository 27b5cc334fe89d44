"""Tracebacks in the lines of a job's error log: each one once, then how often it came. Knows lines, no file."""

from collections import Counter
from collections.abc import Iterable, Iterator

from bep.lazy_dataclasses import dataclass, field

_BEGINNINGS = ("Traceback (most recent call last):", "Stack (most recent call first):")
_ENDING = "log: "


@dataclass(slots=True)
class EqualTracebacks:
    """Reads lines as they come; `seen` is how often each traceback came."""

    seen: Counter[str] = field(default_factory=Counter)
    _held: list[str] | None = None

    def fresh(self, lines: Iterable[str], *, to_the_end: bool) -> Iterator[str]:
        """The lines to show now. One whose end has not come is held back, unless nothing comes any more."""
        for line in lines:
            if self._held is None and line.startswith(_BEGINNINGS):
                self._held = [line]
            elif self._held is None:
                yield line
            elif line.startswith(_ENDING):
                yield from self._shown()
                yield line
            else:
                self._held.append(line)
        if to_the_end:
            yield from self._shown()

    def _shown(self) -> Iterator[str]:
        held, self._held = self._held, None
        if not held:
            return
        text = "\n".join(held).rstrip()
        self.seen[text] += 1
        if self.seen[text] == 1:
            yield from held
        else:
            yield f"(the same traceback as before, {self.seen[text]} times by now)"

    def shortened(self, traceback: str) -> str:
        """A traceback that was shown already in a few words; another one as it is."""
        count = self.seen[traceback.rstrip()]
        if not count:
            return traceback
        return f"(the traceback above; it came {'once' if count == 1 else f'{count} times'})"
