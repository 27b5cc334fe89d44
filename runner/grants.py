"""What an engine is given to score while it runs, and what it answers. Values; knows no engine and no worker."""

from collections.abc import Callable

from bep.lazy_dataclasses import dataclass
from bep.runner.folder.journal import Failure
from bep.runner.folder.parts import Scored
from bep.runner.span import Span


@dataclass(frozen=True, slots=True)
class Settled:
    """A grant of which every item is scored, failed or given back.

    `pieces` are the records of its calls, in the order of their first items. `failures` are all its failed attempts, in
    the order in which they failed, those too that were tried again and then passed. `returned` is what was not begun
    when the grant was revoked, or not done when the engine stopped: then perhaps a part of a mini-batch. `scored` and
    `failed` are items; with those of `returned` they are all.
    """

    key: int
    pieces: tuple[Scored, ...]
    failures: tuple[Failure, ...]
    returned: tuple[Span, ...]
    scored: int
    failed: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Whole calls of `run()` to score, which are mini-batches where nothing of them was scored before. No item may be
    in two grants that are not settled, and no key is used twice.

    `settled` is called once, in the engine's thread, which waits for it: it must not block. It may give further grants.
    So are, where there are any, `returned`, as soon as calls of a revoked grant are given back, which is before it
    settles where others go on; and `hungry`, once, when a worker has nothing to do, and nothing is left to begin of
    this grant and of those before it, as long as no other has come.
    """

    key: int
    spans: tuple[Span, ...]
    settled: Callable[[Settled], None]
    returned: Callable[[tuple[Span, ...]], None] | None = None
    hungry: Callable[[], None] | None = None
