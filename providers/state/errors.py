"""What can be wrong with a stored state, each as an error that says how to mend it. Knows no way to do so itself."""

from pathlib import Path

from bep.disk.refusal import Refusal, explained
from bep.schemas.next_step import Advised, Step


class StateUnusable(Advised):
    """The state cannot be trusted: nothing is read from it, nothing written. `fix` says what mends it."""

    def __init__(self, path: Path | str, reason: str, fix: str, *next: Step) -> None:
        self.next = next
        self.path = path
        self.reason = reason
        self.fix = fix
        super().__init__(f"{path}: {reason}\n    fix: {fix}")


class StateReplaced(Exception):
    """Someone put another file in the place of the state, or of its journal, while it was in use."""

    def __init__(self, path: Path | str) -> None:
        self.path = path
        super().__init__(f"{path}: someone else replaced it while this apply ran; theirs was left as it is")


class StateNotWritten(Exception):
    """The system would not take a record. What was recorded before stands; the cause is in `cause`."""

    def __init__(self, path: Path | str, cause: OSError) -> None:
        self.path = path
        self.cause = cause
        refusal = explained(cause, path) if isinstance(path, Path) else Refusal(None, str(cause))
        why = refusal.why if refusal.place in (None, path) else refusal.reason
        fix = f"\n    fix: {refusal.fix}" if refusal.fix else ""
        super().__init__(f"{path}: it could not be written: {why}; what it held before is intact{fix}")
