"""A workspace, opened by a command that only looks: where it cannot be changed, that is said once."""

from typing import TYPE_CHECKING

from bep.app.workspace.opening import Source, workspace_here
from bep.console import Console

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened


def here_to_read(console: Console, source: Source | None = None) -> "Opened":
    """The workspace of the current folder, with a word where it may only be read."""
    from bep.app.workspace.write_access import read_only

    opened = workspace_here(source)
    for line in read_only(opened):
        console.say(line)
    return opened
