"""A policy that is a Python function, asked in a process of its own: FILE and FUNCTION in, the plan on stdin, JSON out.

What the function prints goes to stderr, so that stdout has its answer alone. Imports the standard library only.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def answer(said: Any) -> dict[str, Any]:
    """What a function says, as the JSON that a command would print. Raises `TypeError` for what says nothing."""
    if said is None or said is True:
        return {"deny": []}
    if said is False:
        return {"deny": ["the function returned False"]}
    if isinstance(said, str):
        return {"deny": [said] if said else []}
    if isinstance(said, dict):
        if said and not said.keys() <= {"deny", "warn"}:
            raise TypeError(f"the function returned a mapping with {', '.join(map(str, said))}: it may have deny, warn")
        return {word: list(found) for word, found in said.items()}
    if isinstance(said, Iterable):
        return {"deny": list(said)}
    raise TypeError(f"the function returned {type(said).__name__}: it may return nothing, a text, texts or a mapping")


def main(file: str, name: str) -> None:
    """Ask the function, and print its answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    plan = json.loads(sys.stdin.buffer.read())
    sys.path.insert(0, str(Path(file).parent))
    spec = importlib.util.spec_from_file_location("policy", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise AttributeError(f"{file} has no function {name}")
    json.dump(answer(function(plan)), answers)
    answers.close()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception:
        import traceback

        traceback.print_exc()
        sys.exit(2)
