"""What bep is called where it is installed from, and what of it is. Imports nothing of what it looks for; every message
that says how to install asks here.
"""

from importlib.machinery import PathFinder
from pathlib import Path

NAME = "bep-batch"
"""The distribution. Command and package are `bep`, but on the public index that name is a stranger's package."""

EXTRAS = {
    "azure": (("azure.identity", "azure.storage.blob"), "a workspace of Azure ML, or a state in Azure Blob Storage"),
    "serve": (
        ("cryptography", "fastapi", "uvicorn", "jinja2", "prometheus_client", "python_multipart"),
        "`bep serve`",
    ),
    "fsspec": (("fsspec",), "inputs and outputs in stores such as s3:// or abfs://"),
    "ray": (("ray",), "jobs on a Ray cluster that this machine is a node of; through a dashboard they come in without"),
}
"""What users may add: the modules that each brings, and what it is for."""


def install(extra: str, *others: str) -> str:
    """The command that adds an extra of bep's to the environment that bep is in, and other packages with it.

    pip finds bep itself installed there, from wherever it came, and fetches only what the extra asks for.
    """
    return " ".join(("pip install", *(f"'{wanted}'" for wanted in (f"{NAME}[{extra}]", *others))))


def lacking(extra: str) -> tuple[str, ...]:
    """The modules of an extra that are not installed."""
    return tuple(module for module in EXTRAS[extra][0] if not _is_there(module))


def _is_there(module: str) -> bool:
    """Whether a module, or a package in a package, is installed. Neither is imported."""
    first, *others = module.split(".")
    found = PathFinder.find_spec(first)
    places = found.submodule_search_locations or () if found is not None else ()
    return found is not None and (not others or any(Path(place, *others).is_dir() for place in places))
