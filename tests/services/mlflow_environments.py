"""Builds the environments of old and new MLflows: `python -m tests.services.mlflow_environments`.

One for each Python of `places.PACKAGES` that this machine has. One that is complete stays as it is.
"""

import sys

from tests.services.environments import build
from tests.services.places import PACKAGES, PIPS, ROOT, interpreter, mlflow_python


def main() -> int:
    """Build them all, one after the other; say which Pythons are not here."""
    ROOT.mkdir(exist_ok=True)
    for version, packages in PACKAGES.items():
        base = interpreter(version)
        if base is None:
            print(f"no Python {version} here: its MLflow is not tried", file=sys.stderr)
        else:
            build(mlflow_python(version), base, packages, PIPS.get(version, "pip"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
