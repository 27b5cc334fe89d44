"""The user's scoring script: loading it as its authors expect. Knows no mini-batch."""

import os
import sys
import types

from . import azureml_core, entry_script
from .troubles import ScriptInvalid


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

    def stop(self) -> None:
        """Call `shutdown()`, if there is one, and what was registered to be done at exit."""
        shutdown = getattr(self.module, "shutdown", None)
        if shutdown is not None:
            shutdown()
        import atexit

        atexit._run_exitfuncs()


def load(setup: "dict[str, object]") -> Script:
    """Import the scoring script, or bep's own for an MLflow model that has none. Raises what the script raises."""
    for name, value in setup["defaults"].items():  # type: ignore[attr-defined]
        os.environ.setdefault(name, value)
    os.environ.update(setup["variables"])  # type: ignore[call-overload]
    _search(os.environ.get("PYTHONPATH", ""))
    entry_script.install(setup)
    azureml_core.install()
    sys.argv = list(setup["arguments"])  # type: ignore[call-overload]
    if not setup["script"]:
        from . import mlflow_model

        return Script(mlflow_model, single=True)
    code, path = str(setup["code"]), str(setup["script"])
    for folder in (code, os.path.dirname(path)):
        if folder not in sys.path[:1]:
            sys.path.insert(0, folder)
    module = _run_file(path)
    _set_level(str(setup["logging_level"]))
    return Script(module)


def _search(folders: str) -> None:
    """PYTHONPATH counts even when it is the deployment that sets it, after the interpreter has started."""
    for folder in reversed([f for f in folders.split(os.pathsep) if f]):
        if folder not in sys.path:
            sys.path.insert(0, folder)


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


def _set_level(level: str) -> None:
    """The deployment's logging level, for a script that logs; `logging` is not imported for one that does not."""
    logging = sys.modules.get("logging")
    if logging is not None and not logging.getLogger().handlers:
        logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
