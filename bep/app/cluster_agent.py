"""An agent of a cluster as a process: `python -m bep.app.cluster_agent`. Here it meets what builds environments.

With `--sweep MARK` it scores nothing, ends what gone agents of the job of that mark have left running here, and removes
what gone ones of any job have left in the folder of bep's.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from bep.app.shards.environment import Ready
    from bep.runner.cluster.agent import Say
    from bep.runner.shards.prepared import Prepared
    from bep.runner.shares.share import Share
    from bep.runner.transfer.transfers import Board

_SWEEP = "--sweep"


def main() -> "NoReturn":
    """Be one, and end with its exit code, whatever a store's client still does."""
    if sys.argv[1:2] == [_SWEEP] and len(sys.argv) == len((__file__, _SWEEP, "MARK")):
        from bep.runner.cluster import sweeping
        from bep.runner.shards import scratch

        sweeping.sweep(sys.argv[2])
        scratch.sweep(os.environ)
        code = 0
    else:
        from bep.runner.cluster.agent import run

        code = run(_environment)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _environment(
    prepared: "Prepared", share: "Share", scratch: Path, surroundings: Mapping[str, str], say: "Say", board: "Board"
) -> "Ready":
    """Find or build the environment. Raises `EnvironmentRefused` where that cannot be, and as `environment_of`."""
    from bep.app.shards.environment import environment_of
    from bep.providers.protocol import ProviderError
    from bep.runner.cluster.failing import EnvironmentRefused

    try:
        return environment_of(prepared, share, scratch, surroundings, say, board=board)
    except ProviderError as error:
        raise EnvironmentRefused(str(error)) from error


if __name__ == "__main__":
    main()
