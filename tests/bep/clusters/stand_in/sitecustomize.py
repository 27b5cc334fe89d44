"""Puts a stand-in for the engine of Ray clusters into every bep that has this folder on its PYTHONPATH.

Nothing is imported before bep imports its table of engines, for workers have this folder, too.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

NAME = "bep.runner.engine"


class Loader(importlib.machinery.SourceFileLoader):
    """Loads the table, then changes it."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.ENGINES["ray"] = "cluster_engine"


class Finder(importlib.abc.MetaPathFinder):
    """Finds the table where it is."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = importlib.machinery.PathFinder.find_spec(name, path, target) if name == NAME else None
        if found is not None:
            found.loader = Loader(name, str(found.origin))
        return found


sys.meta_path.insert(0, Finder())
