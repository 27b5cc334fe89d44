"""What is said after an apply: checks that do not hold, and the outputs."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.console import Console
    from bep.wiring.opening import Opened


def show_outcome(console: "Console", opened: "Opened") -> None:
    """Warn of the checks that do not hold now, and show the outputs; nothing where bep.yml has neither."""
    conditions = opened.loaded.workspace.conditions
    if not conditions.checks and not conditions.outputs:
        return
    from bep.commands.showing_findings import say_findings
    from bep.wiring.opening import Opened
    from bep.wiring.outputs import checks_after, outputs

    fresh = Opened(opened.root, opened.source)
    say_findings(console, checks_after(fresh), {})
    found = outputs(fresh)
    if found:
        width = max(map(len, found))
        lines = (f"  {name:<{width}}  {json.dumps(value, ensure_ascii=False)}" for name, value in found.items())
        console.result("Outputs:\n" + "\n".join(lines))
