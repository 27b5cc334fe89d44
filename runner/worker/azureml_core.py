"""What scoring scripts use of `azureml.core`: the model's path and an offline run. Knows variables of the process only.

Environments of batch deployments name azureml-core because the service's own worker needs it. bep does not install it,
and a script that imports it finds this. If the environment has the real package nevertheless, that is found first.
"""

import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MODULES = ("azureml", "azureml.core", "azureml.core.model", "azureml.core.run")
ABSENT = ("Dataset", "Datastore", "Environment", "Experiment", "Keyvault", "Webservice", "Workspace")


class Model:
    """The deployment's one model. It cannot be looked up in a workspace, since there is none."""

    def __init__(self, *_arguments: object, **_named: object) -> None:
        raise NotImplementedError("there is no workspace to look up a model in; use Model.get_model_path(NAME)")

    @staticmethod
    def get_model_path(model_name: str, version: "int | None" = None, _workspace: object = None) -> str:
        """The file or folder that is the model, whatever the name: what stands alone in AZUREML_MODEL_DIR, or that."""
        folder = os.environ["AZUREML_MODEL_DIR"]
        found = os.listdir(folder)
        return os.path.join(folder, found[0]) if len(found) == 1 else folder


class Run:
    """A run that keeps nothing: what is logged is printed, to the log of its process."""

    def __init__(self) -> None:
        self.id = os.environ.get("AZUREML_RUN_ID", "")
        self.parent = None

    @staticmethod
    def get_context(allow_offline: bool = True, **_named: object) -> "Run":
        """This run. Raises RuntimeError for a script that allows no offline run."""
        if not allow_offline:
            raise RuntimeError("this run is not connected to a workspace, and the script allows no offline run")
        return Run()

    def log(self, name: str, value: object = None, *_more: object, **named: object) -> None:
        """Print a metric; its rows, its table or its picture are printed as they are."""
        print(f"metric {name}: {named if value is None and named else value}")

    log_list = log_row = log_table = log_image = log_confusion_matrix = log_accuracy_table = log

    def tag(self, key: str, value: object = None) -> None:
        """Print a tag."""
        print(f"tag {key}: {value}")

    def flush(self, timeout_seconds: float = 300) -> None:
        """Nothing waits to be sent."""


class Absent:
    """What is in a workspace only: it can be imported, as scripts do with more than they use, and says so when used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self) -> "NoReturn":
        told = "there is no workspace here, so no azureml.core.{}: bep does not install azureml-core, and gives a "
        told += "script Model.get_model_path and Run.get_context. What else it needs, give it as files or variables"
        raise NotImplementedError(told.format(self._name))

    def __getattr__(self, name: str) -> "NoReturn":
        """Refuse, unless Python itself asks."""
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse()

    def __call__(self, *_arguments: object, **_named: object) -> "NoReturn":
        """Refuse."""
        self._refuse()


class _Finder:
    """Last among the finders, so that it is asked only for what the environment has not."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> object:
        """How to load one of `MODULES`; None for every other."""
        if name not in MODULES:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, _Finder(), is_package=name in MODULES[:2])  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: "types.SimpleNamespace") -> types.ModuleType:
        """An empty module of this name; where it comes from is part of Python's message about a name it lacks."""
        module = types.ModuleType(spec.name)
        module.__file__ = __file__
        return module

    @staticmethod
    def exec_module(module: types.ModuleType) -> None:
        """Fill it."""
        if module.__name__ != "azureml":
            module.__dict__.update({name: Absent(name) for name in ABSENT}, Model=Model, Run=Run)


def install() -> None:
    """Let `import azureml.core` find this if it finds nothing else."""
    sys.meta_path.append(_Finder)  # type: ignore[arg-type]
