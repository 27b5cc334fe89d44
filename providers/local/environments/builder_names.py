"""The settings of `provider.local.environments`, and the programs they stand for. Imports nothing of what builds."""

from typing import Final

AUTO: Final = "auto"
"""pip builds what it can have, micromamba, mamba or conda the rest; `pip` and `conda` are the other two settings."""
PIP: Final = "pip"
CONDA: Final = "conda"
CONDA_PROGRAMS: Final = ("micromamba", "mamba", "conda")
"""In the order in which they are taken: the quickest first. They read the same files and solve to the same ends."""
