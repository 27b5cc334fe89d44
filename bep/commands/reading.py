"""A workspace, opened by a command that only looks: where it cannot be changed, that is said once."""

from typing import TYPE_CHECKING

from bep.console import Console
from bep.wiring.opening import Source, here

if TYPE_CHECKING:
    from bep.wiring.opening import Opened


def here_to_read(console: Console, source: Source | None = None) -> "Opened":
    """The workspace of the current folder, with a word where it may only be read."""
    from bep.wiring.write_access import read_only

    opened = here(source)
    for line in read_only(opened):
        console.say(line)
    return opened
