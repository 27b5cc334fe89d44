"""What of a job may get into a share, which more people read than a job's folder. Pure: opens no share."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.lazy_dataclasses import replace
from bep.schemas.secrets.recognising import secret_names, secrets_in

if TYPE_CHECKING:
    from bep.app.jobs.requests.targets import Variables


def hiding(variables: "Variables", sealed: Sequence[str]) -> "Variables":
    """The same variables, every one secret that may be. `sealed` are those that the deployment keeps no value of."""
    secret = variables.secret | secret_names(variables.values) | (variables.values.keys() & set(sealed))
    return replace(variables, secret=secret)


def must_be_clear(label: str, asks: "Mapping[str, object] | None") -> None:
    """Raise `Refused` where a credential stands in the lines of an environment: the share would have it, too."""
    if asks is not None and secrets_in(json.dumps(asks)):
        raise Refused(
            f"environment {label}: a line of it has a credential written out, which must not get into a share\n"
            "    fix: write ${{ env.NAME }} in its place, and give NAME to each machine"
        )
