"""What the server says of what it does: a line for each request and each fault, as text or JSON. Knows no route."""

import json
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.schemas.escaping import in_one_line

LINK: Final = "/login/{code}"


@dataclass(frozen=True)
class Log:
    """Where lines go. No query and no header is in any: secrets travel in them."""

    write: Callable[[str], None]
    clock: Callable[[], datetime]
    is_json: bool = False

    def request(self, seen: dict[str, Any], method: str, path: str, status: int, seconds: float, size: int) -> None:
        """One that was answered. `seen` is what the door found out of it."""
        caller = seen.get("caller")
        who = caller.name if caller else ""
        shown = shown_path(path)
        said = {
            "from": seen.get("address", ""),
            "who": who,
            "method": method,
            "path": shown,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": size,
        }
        if self.is_json:
            self._write_json("request", said)
        else:
            sender = in_one_line(f"{said['from']} {who or '-'}")
            self._write(f"{sender} {method} {in_one_line(shown)} {status} {said['milliseconds']} ms {size} bytes")

    def note(self, what: str) -> None:
        """Something that the server did by itself."""
        if self.is_json:
            self._write_json("note", {"message": what})
        else:
            self._write(in_one_line(what))

    def fault(self, what: str, problem: BaseException | None = None) -> None:
        """Something that should not have happened, or that somebody has to look at."""
        trace = "".join(traceback.format_exception(problem)).rstrip() if problem is not None else ""
        if self.is_json:
            self._write_json("fault", {"message": what, "traceback": trace})
        else:
            self._write(f"error: {what}" + (f"\n{trace}" if trace else ""))

    def _write(self, text: str) -> None:
        self.write(f"{self.clock().isoformat(timespec='milliseconds')} {text}")

    def _write_json(self, event: str, said: dict[str, Any]) -> None:
        self.write(json.dumps({"at": self.clock().isoformat(timespec="milliseconds"), "event": event, **said}))


def shown_path(path: str) -> str:
    """A path without a link that signs in, however it is spelt: whoever reads a log could follow one."""
    return LINK if path.casefold().lstrip("/").startswith("login/") else path
