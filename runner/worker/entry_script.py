"""`azureml_user.parallel_run.EntryScript`, for scripts that ask for its logger and folders. Knows paths only."""

import os
import sys
import types

from .troubles import without_hidden

_SETUP: "dict[str, object]" = {}


class EntryScript:
    """What a scoring script may ask about its surroundings. All of one process share one."""

    _only = None

    def __new__(cls) -> "EntryScript":
        """The same one each time, as scripts expect."""
        if cls._only is None:
            cls._only = object.__new__(cls)
        return cls._only

    @property
    def working_dir(self) -> str:
        """This process's own temporary folder, its current folder at the start."""
        return str(_SETUP["working"])

    @property
    def output_dir(self) -> str:
        """Where a script writes files of its own; the same as AZUREML_BI_OUTPUT_PATH."""
        return str(_SETUP["output"])

    @property
    def log_dir(self) -> str:
        """The folder of the user's logs."""
        return str(_SETUP["log"])

    @property
    def agent_name(self) -> str:
        """This process's name, as the log files have it."""
        return str(_SETUP["process"])

    @property
    def logger(self) -> object:
        """A `logging.Logger` that writes to `entry_script_log/` among the user's logs."""
        import logging

        logger = logging.getLogger("EntryScript")
        if not logger.handlers:
            folder = os.path.join(self.log_dir, "entry_script_log", str(_SETUP["node"]))
            os.makedirs(folder, exist_ok=True)
            handler = logging.FileHandler(os.path.join(folder, self.agent_name + ".log.txt"), delay=True)
            handler.setFormatter(_formatter(logging.Formatter)("%(asctime)s %(levelname)s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(str(_SETUP["logging_level"]).upper())
        return logger


def _formatter(plain: type) -> type:
    class Formatter(plain):  # type: ignore[misc]
        def format(self, record: object) -> str:
            return without_hidden(super().format(record))

    return Formatter


def install(setup: "dict[str, object]") -> None:
    """Make the import path exist, unless the environment has the real package."""
    _SETUP.update(setup)
    for folder in sys.path:
        if os.path.isdir(os.path.join(folder, "azureml_user")):
            return
    package = types.ModuleType("azureml_user")
    module = types.ModuleType("azureml_user.parallel_run")
    package.__path__ = []
    package.parallel_run = module  # type: ignore[attr-defined]
    module.EntryScript = EntryScript  # type: ignore[attr-defined]
    sys.modules["azureml_user"] = package
    sys.modules["azureml_user.parallel_run"] = module
