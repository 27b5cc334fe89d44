"""Whatever the OpenAPI description allows is asked, by whoever may do everything: no answer is an error of the server.

`BEP_EXAMPLES=500 pytest tests/server/test_described.py` asks longer.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.bep.conftest import FILES, Workspace, write
from tests.server.serving import Running, serving

EXAMPLES: Final = int(os.environ.get("BEP_EXAMPLES", "12"))
"""How often each operation is asked."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a workspace that anything may happen to."""
    folder = tmp_path_factory.mktemp("fuzzed")
    write(folder, FILES)
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "one")
    with serving(workspace) as found:
        yield found


def operations(running: Running, headers: dict[str, str]) -> Iterator[Any]:
    """Each operation that is described."""
    schema = schemathesis.openapi.from_url(running.address + "/openapi.json", headers=headers)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def test_no_answer_is_an_error_of_the_server(fuzzed: Running) -> None:
    headers = {"Authorization": f"Bearer {fuzzed.token('admin')}"}
    asked = 0
    for operation in operations(fuzzed, headers):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def ask(case: "Case[Any]") -> None:
            answer = case.call(base_url=fuzzed.address, headers=headers, timeout=120)
            assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"

        ask()
        asked += 1
    assert asked
    assert httpx.get(fuzzed.address + "/healthz").text == "ok"
    assert fuzzed.process.poll() is None
    assert Path(fuzzed.workspace.folder, ".bep").is_dir()
