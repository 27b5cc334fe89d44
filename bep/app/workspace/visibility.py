"""Who else of this machine can see what is bep's in a workspace, where that is not what bep.yml asks for."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bep.disk import modes
from bep.schemas.workspace.stages import HOME

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

_SETTING = "provider: {local: {shared: group}}"


def seen_by(opened: "Specs") -> tuple[str, ...]:
    """A line for each folder of bep's that more people than were asked for can look into, or fewer. It stays so."""
    home = opened.root / HOME
    folders = (home, *(folder for folder in opened.keyless_world.folders if not folder.is_relative_to(home)))
    return tuple(line for folder in folders for line in _said(folder, os.path.relpath(folder, opened.root)))


def _said(folder: Path, name: str) -> tuple[str, ...]:
    wide = modes.is_wider(folder)
    if wide is not None:
        who = "everybody on this machine" if wide & 0o007 else "its group"
        if modes.asked() == modes.GROUP:
            return (f"{name} is open to {who} (mode {wide:04o}): chmod o-rwx,g-w {name} leaves its group alone",)
        ask = f", or, for its group, {_SETTING} in bep.yml" if not wide & 0o007 else ""
        return (f"{name} is open to {who} (mode {wide:04o}): chmod go-rwx {name} keeps it to you{ask}",)
    if modes.is_narrower(folder):
        return (f"{name} is closed to its group, against {_SETTING}: chmod -R g+rX {name} opens it",)
    return ()
