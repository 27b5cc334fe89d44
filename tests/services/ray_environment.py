"""Builds the environment that has Ray: `python -m tests.services.ray_environment`. A complete one stays as it is."""

import sys

from tests.services.environments import build
from tests.services.places import RAY_PACKAGES, RAY_PYTHON, ROOT, interpreter, ray_python


def main() -> int:
    """Build it, or say that its Python is not here."""
    ROOT.mkdir(exist_ok=True)
    base = interpreter(RAY_PYTHON)
    if base is None:
        print(f"no Python {RAY_PYTHON} here: Ray is not tried", file=sys.stderr)
    else:
        build(ray_python(), base, RAY_PACKAGES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
