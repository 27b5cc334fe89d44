"""Who else of this machine can see what is bep's in a workspace, where that is not what bep.yml asks for."""

from typing import TYPE_CHECKING

from bep.disk import modes
from bep.schemas.stages import HOME

if TYPE_CHECKING:
    from bep.wiring.opening import Opened

_SETTING = "provider: {local: {shared: group}}"


def seen_by(opened: "Opened") -> tuple[str, ...]:
    """One line where more people than were asked for can look into .bep, or fewer. It stays as it is."""
    folder = opened.root / HOME
    wide = modes.is_wider(folder)
    if wide is not None:
        who = "everybody on this machine" if wide & 0o007 else "its group"
        if modes.asked() == modes.GROUP:
            return (f"{HOME} is open to {who} (mode {wide:04o}): chmod o-rwx,g-w {HOME} leaves its group alone",)
        ask = f", or, for its group, {_SETTING} in bep.yml" if not wide & 0o007 else ""
        return (f"{HOME} is open to {who} (mode {wide:04o}): chmod go-rwx {HOME} keeps it to you{ask}",)
    if modes.is_narrower(folder):
        return (f"{HOME} is closed to its group, against {_SETTING}: chmod -R g+rX {HOME} opens it",)
    return ()
