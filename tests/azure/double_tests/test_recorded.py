"""The command that compares the double with recordings, on exchanges of our own making: it finds what differs."""

import copy
from typing import Any

import pytest

from tests.azure.recorded import judged, replayed

WS = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
NEVER = "2020-01-01T00:00:00.0000000+00:00"
MADE: dict[str, Any] = {
    "method": "PUT",
    "path": f"{WS}/data/d/versions/1?api-version=2022-05-01",
    "request": {"properties": {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}},
    "status": 201,
    "response": {
        "id": f"{WS}/data/d/versions/1",
        "name": "1",
        "type": "Microsoft.MachineLearningServices/workspaces/data/versions",
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            "isArchived": False,
            "isAnonymous": False,
            "dataType": "uri_folder",
            "dataUri": "azureml://datastores/workspaceblobstore/paths/x",
        },
        "systemData": {"createdAt": NEVER},
    },
}
GONE: dict[str, Any] = {
    "method": "DELETE",
    "path": f"{WS}/batchEndpoints/e?api-version=2022-05-01",
    "request": None,
    "status": 204,
    "response": None,
}


def test_what_the_service_said_the_double_says() -> None:
    (verdict,) = replayed([MADE])
    assert verdict.wrong == []
    assert [each.wrong for each in judged([MADE], [])] == [[], []]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "PATCH", "status": 200}, "status 404, recorded 200"),
        ({"response": {**MADE["response"], "kind": None}}, "$.kind is recorded, not answered"),
        ({"response": {**MADE["response"], "name": "2"}}, "$.name is '1', recorded '2'"),
        ({"response_headers": {"Retry-After": "5"}}, "header Retry-After: None, recorded '5'"),
    ],
)
def test_what_differs_is_said(changes: dict[str, Any], said: str) -> None:
    (verdict,) = replayed([{**MADE, **changes}])
    assert said in verdict.wrong


def test_a_message_that_the_types_refuse_is_named() -> None:
    changed = copy.deepcopy(MADE)
    changed["request"]["properties"]["dataType"] = "uri_tape"
    changed["response"]["properties"]["size"] = 1
    request, answer = judged([changed], [])
    assert "$.properties.dataType" in request.wrong[0]
    assert "$.properties.size" in answer.wrong[0]


def test_a_delete_of_what_is_absent_has_no_body() -> None:
    (verdict,) = replayed([GONE])
    assert verdict.wrong == ["body None, recorded the text null"]
