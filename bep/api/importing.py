"""Objects that exist already, taken over from Python: one by one, or all. Decides nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.api.errors import public_errors
from bep.api.outcomes import Imported

if TYPE_CHECKING:
    from bep.api.workspace import Workspace


def imported(workspace: "Workspace", addresses: Sequence[str], out: str | Path | None) -> Imported:
    """These objects; see `Workspace.import_`."""
    from bep.app.plans.imports.folder import is_folder
    from bep.app.plans.imports.objects import take_over

    if out is not None and is_folder(Path(out)):
        return _into_folder(workspace, Path(out), names=addresses)
    with public_errors():
        taken = take_over(workspace._opened(), addresses, Path(out) if out else None, _nothing)
    return Imported(tuple(one.address for one in taken.found), taken.file, taken.yaml)


def all_imported(workspace: "Workspace", kinds: Sequence[str], out: str | Path | None) -> Imported:
    """Whatever exists and is not in the state; see `Workspace.import_all`."""
    from bep.app.plans.imports.folder import is_folder
    from bep.app.plans.imports.objects import chosen_of_all

    if out is not None and is_folder(Path(out)):
        return _into_folder(workspace, Path(out), kinds=kinds)
    with public_errors():
        chosen, left = chosen_of_all(workspace._opened(), kinds, with_undeclared=out is not None)
    if not chosen:
        return Imported((), left=tuple(left))
    taken = imported(workspace, chosen, out)
    return Imported(taken.addresses, taken.file, taken.yaml, tuple(left))


def _into_folder(
    workspace: "Workspace", folder: Path, *, kinds: Sequence[str] = (), names: Sequence[str] = ()
) -> Imported:
    from bep.app.plans.imports.folder import take_over_folder

    with public_errors():
        taken = take_over_folder(workspace._opened(), kinds, folder, _nothing, names=names)
    return Imported(
        taken.addresses,
        files=taken.files,
        line=taken.line,
        left_out=taken.left_out,
        secrets=taken.secrets,
        unread=taken.unread,
    )


def _nothing(said: object) -> None:
    """Hears what a person would be told on the way."""
