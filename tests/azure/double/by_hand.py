"""The double's switches and faults over HTTP, for who started it by hand or in another process: paths below /double/.

GET  /double/behaviours          every switch and number
POST /double/behaviours          {"busy": false, "polls": 0}
POST /double/errors              {"status": 429, "method": "PUT", "path": "batchEndpoints", "count": 2}
POST /double/failures            {"path": "batchEndpoints/ep", "code": "QuotaExceeded", "message": "..."}
POST /double/cut                 {"number": 3, "moment": "after"}: the third request from now
GET  /double/log                 method, path and status of every request; DELETE forgets them
"""

import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.azure.double.exchange import Answer, Refusal, Request

if TYPE_CHECKING:
    from tests.azure.double.double import Double

PREFIX = "/double/"


def answer(double: "Double", request: Request) -> Answer:
    """What was asked for, done. These requests are neither counted nor logged, and need no token."""
    asked = f"{request.method} {request.path.removeprefix(PREFIX)}"
    told: dict[str, Callable[[], object]] = {
        "GET behaviours": lambda: asdict(double.behaviours) | {"taken_names": sorted(double.behaviours.taken_names)},
        "GET log": lambda: [[each.method, each.path, each.status] for each in double.log.requests()],
    }
    done: dict[str, Callable[..., None]] = {
        "POST behaviours": lambda **wanted: _turn(double, wanted),
        "POST errors": double.faults.inject,
        "POST failures": double.fail_provisioning,
        "POST cut": double.faults.cut_at,
        "DELETE log": double.log.clear,
    }
    if asked in told:
        return Answer(200, told[asked]())
    try:
        if asked not in done:
            raise TypeError(inspect.cleandoc(__doc__ or ""))
        done[asked](**(request.body or {}))
    except TypeError as wrong:
        return Refusal(400, "BadArgument", str(wrong)).answer(double.location)
    return Answer(204)


def _turn(double: "Double", wanted: dict[str, Any]) -> None:
    known = asdict(double.behaviours)
    for name, value in wanted.items():
        if name not in known:
            raise TypeError(f"no switch is called {name}; there are {', '.join(known)}")
        setattr(double.behaviours, name, set(value) if name == "taken_names" else value)
