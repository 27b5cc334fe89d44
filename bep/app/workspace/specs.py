"""The specs of an opened workspace, or everything that is wrong with them. Prints nothing."""

from typing import TYPE_CHECKING

from bep.schemas.findings.finding import SpecInvalid, errors

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.schemas.specs.loading import Loaded


def specs_of(opened: "Specs") -> "Loaded":
    """The specs of a workspace. Raises `SpecInvalid` with every finding when one is an error."""
    if errors(opened.loaded.findings):
        raise SpecInvalid(opened.loaded.findings, opened.loaded.sources)
    return opened.loaded
