"""Starts the worker from a path, leaving nothing of bep's importable by the user's script."""

import os
import sys


def start() -> None:
    """Import this folder under a private name and serve until told to stop, or score a sample, or finish an output."""
    import types

    folder = __file__.rpartition("/")[0] or "."
    if sys.path and sys.path[0] == folder:
        del sys.path[0]
    package = sys.modules["bep_worker"] = types.ModuleType("bep_worker")
    package.__path__ = [folder]
    from bep_worker.results.formats import FORMATS  # type: ignore[import-not-found]

    if sys.argv[1] not in FORMATS:
        _set_aside(os.environ.get("PYTHONPATH", ""))
    if sys.argv[1] in FORMATS:
        from bep_worker.lifeline import hold  # type: ignore[import-not-found]

        hold(int(sys.argv[2]))
        for warning in FORMATS[sys.argv[1]].finish(sys.argv[3], sys.argv[4]):
            print(ascii(warning))
    elif sys.argv[1] == "sample":
        from bep_worker.sampling import main as score  # type: ignore[import-not-found]

        score(int(sys.argv[2]))
    else:
        from bep_worker.serving import main  # type: ignore[import-not-found]

        main([int(number) for number in sys.argv[1:]])


def _set_aside(folders: str) -> None:
    """Search these folders no more, until the script is loaded: what is in them may have names of the library's."""
    theirs = [os.path.abspath(folder) for folder in folders.split(os.pathsep) if folder]
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) not in theirs]


if __name__ == "__main__":  # a script that spawns processes imports this file again under another name
    start()
