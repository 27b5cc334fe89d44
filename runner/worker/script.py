"""The user's scoring script: loading it as its authors expect. Knows no mini-batch."""

import os
import sys
import types

from . import azureml_core, entry_script, log_level, troubles
from .troubles import ScriptInvalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .names import Names

# What this program imports after the script's folders are searched first, and what those modules import in turn.
_LIBRARY = {
    "abc", "ast", "bisect", "codecs", "collections", "contextlib", "copyreg", "csv", "dis", "enum", "functools",
    "heapq", "importlib", "inspect", "io", "itertools", "json", "keyword", "linecache", "logging", "opcode",
    "operator", "re", "reprlib", "sre_compile", "sre_constants", "sre_parse", "string", "struct", "textwrap",
    "threading", "time", "token", "tokenize", "traceback", "types", "typing", "warnings", "weakref",
}  # fmt: skip

_TAKES_MANY = 0x0C  # flags of a code object: *arguments, **keywords


class Script:
    """What a script may define. `single` says that it takes one file a call and counts for itself."""

    def __init__(self, module: types.ModuleType, single: bool = False) -> None:
        self.module = module
        self.single = single
        self.run = getattr(module, "run", None)

    def prepare(self) -> None:
        """Call `init()`, if there is one."""
        if not callable(self.run):
            raise ScriptInvalid(f"the scoring script {self.module.__file__} does not define run(mini_batch)")
        init = getattr(self.module, "init", None)
        if init is not None:
            init()

    def bound(self, names: "Names") -> "tuple[Callable[[int, int], list[str]], Callable[[list[str]], object]]":
        """What takes a mini-batch's files, and what scores them; a `run` that asks for more than files gets it.

        The usual `def run(mini_batch)` is known by its code: what it takes to know others costs a worker's start.
        """
        run: Callable[..., object] = self.run  # type: ignore[assignment]
        code = getattr(run, "__code__", None)
        if code is None or code.co_argcount != 1 or code.co_flags & _TAKES_MANY:
            from .context import Contexts, takes_context

            if takes_context(run):
                contexts = Contexts(names, run)
                return contexts.take, contexts.run
        return names.take, run

    def stop(self) -> None:
        """Call `shutdown()`, if there is one, and what was registered to be done at exit."""
        shutdown = getattr(self.module, "shutdown", None)
        if shutdown is not None:
            shutdown()
        threading = sys.modules.get("threading")
        for end in reversed(getattr(threading, "_threading_atexits", [])):  # of executors, since Python 3.9
            end()
        import atexit

        atexit._run_exitfuncs()


def load(setup: "dict[str, object]") -> Script:
    """Import the scoring script, or bep's own for an MLflow model that has none. Raises what the script raises."""
    code, path = str(setup["code"]), str(setup["script"])
    troubles.name_code(code, str(setup["code_name"]))
    troubles.hide([os.environ.get(name, "") for name in setup["secrets"]])  # type: ignore[attr-defined]
    given = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    _secure(*given, *([code, os.path.dirname(path)] if path else []))
    _search(given)
    log_level.install(str(setup["logging_level"]))
    entry_script.install(setup)
    azureml_core.install()
    sys.argv = list(setup["arguments"])  # type: ignore[call-overload]
    if not setup["script"]:
        from .mlflow_models import model

        return Script(model, single=True)
    for folder in (code, os.path.dirname(path)):
        if folder not in sys.path[:1]:
            sys.path.insert(0, folder)
    return Script(_run_file(path))


def _secure(*folders: str) -> None:
    """Import what the worker imports later, where the script's folders have files of the same names before it."""
    there = [name for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)]
    if any(name.partition(".")[0] in _LIBRARY for name in there):
        import bisect  # noqa: F401
        import csv  # noqa: F401
        import inspect  # noqa: F401
        import json  # noqa: F401
        import logging  # noqa: F401
        import traceback  # noqa: F401


def _search(folders: "list[str]") -> None:
    """Put PYTHONPATH's folders back to where they were when the interpreter started, before this program's imports."""
    for folder in reversed(folders):
        if os.path.abspath(folder) not in sys.path:
            sys.path.insert(0, os.path.abspath(folder))


def _run_file(path: str) -> types.ModuleType:
    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules:  # `json.py` must not take the place of the library's
        name = "scoring_script"
    if not os.path.isfile(path):
        raise ScriptInvalid(f"the scoring script {path} does not exist")
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    with open(path, "rb") as file:
        source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)
    return module
