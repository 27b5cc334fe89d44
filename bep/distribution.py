"""What bep is called where it is installed from. Imports nothing; every message that says how to install asks here."""

NAME = "bep-batch"
"""The distribution. Command and package are `bep`, but on the public index that name is a stranger's package."""

EXTRAS = {
    "azure": (("azure.identity", "azure.storage.blob"), "a workspace of Azure ML, or a state in Azure Blob Storage"),
    "fsspec": (("fsspec",), "inputs and outputs in stores such as s3:// or abfs://"),
}
"""What users may add: the modules that each brings, and what it is for."""


def install(extra: str, *others: str) -> str:
    """The command that adds an extra of bep's to the environment that bep is in, and other packages with it.

    pip finds bep itself installed there, from wherever it came, and fetches only what the extra asks for.
    """
    return " ".join(("pip install", *(f"'{wanted}'" for wanted in (f"{NAME}[{extra}]", *others))))
