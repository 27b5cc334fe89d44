"""The released client of JavaScript, over TLS, with nothing of it changed: it reads every kind, and writes."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings
from tests.server.serving import serving
from tests.server.tls import certificate
from tests.services.places import ROOT

SCRIPT = Path(__file__).with_name("javascript_client.mjs")


def test_it_reads_every_kind_and_writes(every_kind: Workspace, tmp_path: Path) -> None:
    if not (ROOT / "node_modules/@azure/arm-machinelearning").is_dir():
        pytest.skip("no @azure/arm-machinelearning here: `make services` gets it")
    cert, key = certificate(tmp_path)
    with serving(every_kind, "--cert", str(cert), "--key", str(key)) as served:
        done = subprocess.run(
            ["node", str(SCRIPT), str(ROOT), served.address, served.token("admin")],
            env={**surroundings(), "NODE_EXTRA_CA_CERTS": str(cert)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    status, code, message = told.pop("refused")
    assert (status, code) == (409, "Conflict")
    assert "it has the traffic of traffic/letters" in message
    assert told == {
        "workspace": "letters",
        "endpoints": ["letters"],
        "scoring": f"{served.address}/endpoints/letters/jobs",
        "deployments": ["blue", "green"],
        "size": 2,
        "computes": ["cpu-cluster", "local"],
        "models": ["alphabet"],
        "model": "custom_model",
        "environments": ["pinned", "plain"],
        "data": ["1", "2"],
        "components": ["1"],
        "datastores": ["elsewhere", "shelf", "workspaceblobstore"],
        "jobs": [],
        "made": 3,
        "tags": {"season": "autumn"},
        "threshold": 5,
        "left": ["blue"],
    }
