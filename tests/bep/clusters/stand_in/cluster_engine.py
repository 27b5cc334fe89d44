"""A stand-in for the engine of Ray clusters: scores on this machine, with this Python, and notes what it was asked."""

import json
import sys

from bep.lazy_dataclasses import replace
from bep.runner.engine import Engine, Hosting
from bep.runner.jobs import embedded


def engine(hosting: Hosting) -> Engine:
    """The embedded one."""
    asked = hosting.request
    assert asked.cluster is not None
    with (hosting.folder.path / "asked").open("a") as stream:
        stream.write(
            json.dumps(
                {
                    "cluster": asked.cluster.model_dump(mode="json"),
                    "interpreter": asked.target.interpreter,
                    "variables": asked.target.environment_variables,
                    "secret": asked.target.secret_variables,
                    "files": sorted(asked.environment_files),
                }
            )
            + "\n"
        )
    own = asked.target.model_copy(update={"interpreter": (sys.executable,)})
    return embedded.engine(replace(hosting, request=asked.model_copy(update={"target": own})))
