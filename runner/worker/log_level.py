"""The deployment's logging level for whatever the script logs, without a configuration that would be in its way.

The root logger gets a level and no handler, so the script's own `logging.basicConfig` works wherever it calls it. What
it logs without having configured anything is written by `logging.lastResort`, to the log of the process's errors.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def install(level: str) -> None:
    """Set it now if `logging` is imported, else when it is: to import it takes longer than a small mini-batch."""
    logging = sys.modules.get("logging")
    if logging is not None:
        _configure(logging, level)
    else:
        sys.meta_path.insert(0, _Finder(level))  # type: ignore[arg-type]


def _configure(logging: "types.ModuleType", level: str) -> None:
    last = getattr(logging, "lastResort", None)
    if last is None:  # a module of the script's own has that name
        return
    logging.getLogger().setLevel(level.upper())
    last.setLevel(logging.NOTSET)
    last.setFormatter(logging.Formatter(FORMAT))


class _Finder:
    """Finds `logging` as the others do, once, and has it configured as soon as it is there."""

    def __init__(self, level: str) -> None:
        self._level = level

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """Where `logging` is; None for every other module."""
        if name != "logging":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)  # type: ignore[arg-type]
            if spec is not None:
                self._watch(spec.loader)
                return spec
        return None

    def _watch(self, loader: object) -> None:
        execute = loader.exec_module  # type: ignore[attr-defined]

        def exec_module(module: "types.ModuleType") -> None:
            del loader.exec_module  # type: ignore[attr-defined]
            execute(module)
            _configure(module, self._level)

        loader.exec_module = exec_module  # type: ignore[attr-defined]
