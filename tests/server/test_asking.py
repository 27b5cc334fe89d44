"""Bodies of the scoring URI, word by word, and what of them is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.server.answers import Unanswered
from bep.server.data_plane.asking import job_asked
from bep.server.data_plane.body_text import value_of

URI = "azureml://datastores/workspaceblobstore/paths/images"


def asked(properties: dict[str, Any]) -> dict[str, Any]:
    return job_asked({"properties": properties}, "letters", None)


def refusal(body: Any) -> str:
    with pytest.raises(Unanswered) as refused:
        job_asked(body, "letters", None)
    assert refused.value.status == 400
    return refused.value.message


def test_the_body_of_2021_names_an_address() -> None:
    found = asked({"dataset": {"dataInputType": "DataUrl", "Path": "https://example.org/mnist"}})

    assert found == {"endpoint": "letters", "inputs": {"dataset": {"path": "https://example.org/mnist"}}}


def test_the_body_of_2021_names_registered_data_and_where_results_go() -> None:
    found = asked(
        {
            "dataset": {"dataInputType": "DatasetVersion", "datasetName": "mnist", "datasetVersion": "1"},
            "outputDataset": {"datastoreId": "/subscriptions/S/workspaces/W/datastores/blob", "path": "myout"},
            "outputFileName": "mypredictions.csv",
        }
    )

    assert found["inputs"] == {"dataset": {"path": "azureml:mnist:1"}}
    assert found["outputs"] == {"score": {"path": "azureml://datastores/blob/paths/myout"}}
    assert found["settings"] == {"output_file_name": "mypredictions.csv"}


def test_the_id_of_data_is_taken_as_a_reference() -> None:
    workspace = "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W"
    arm = workspace + "/data/mnist/versions/1"

    assert asked({"dataset": {"dataInputType": "DatasetId", "datasetId": arm}})["inputs"] == {
        "dataset": {"path": f"azureml:{arm}"}
    }


def test_the_body_of_today_names_inputs_and_outputs() -> None:
    found = job_asked(
        {
            "properties": {
                "InputData": {"mnistinput": {"JobInputType": "UriFolder", "Uri": URI}},
                "OutputData": {"customOutput": {"JobOutputType": "UriFolder", "Uri": URI + "/out"}},
            }
        },
        "letters",
        "blue",
    )

    assert found == {
        "endpoint": "letters",
        "deployment": "blue",
        "inputs": {"mnistinput": {"path": URI, "type": "uri_folder"}},
        "outputs": {"score": {"type": "uri_folder", "path": URI + "/out"}},
    }


def test_what_a_job_may_say_otherwise_is_put_where_a_file_has_it() -> None:
    found = asked(
        {
            "inputData": {"a": {"jobInputType": "UriFile", "uri": URI}},
            "compute": {"isLocal": True, "instanceCount": 2},
            "retrySettings": {"maxRetries": 1, "timeout": "PT40S"},
            "errorThreshold": 0,
            "miniBatchSize": 5,
            "outputFileName": "p.csv",
            "name": "j1",
            "properties": {"experimentName": "exp"},
        }
    )

    assert found["resources"] == {"instance_count": 2}
    assert found["settings"] == {
        "retry_settings": {"max_retries": 1, "timeout": 40},
        "error_threshold": 0,
        "mini_batch_size": 5,
        "output_file_name": "p.csv",
    }
    assert found["name"] == "j1"


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "file:///etc/passwd", "./images", "zip::file:///etc/passwd", "local:///x"]
)
def test_nobody_asks_over_the_network_for_a_path_of_this_machine(place: str) -> None:
    assert "not taken over the network" in refusal(
        {"properties": {"InputData": {"a": {"JobInputType": "UriFolder", "Uri": place}}}}
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    message = refusal(
        {
            "properties": {
                "InputData": {"a": {"JobInputType": "Nothing"}, "b": 3},
                "OutputData": {"c": {"Uri": "https://example.org"}},
                "colour": "red",
            }
        }
    )

    for said in ("InputData.a", "InputData.b", "OutputData.c", "'colour'", "miniBatchSize", "retrySettings.timeout"):
        assert said in message


def test_a_comma_at_the_end_is_passed_over_as_the_samples_have_it() -> None:
    assert value_of(b'{"a": [1, 2, ], "b": {"c": ",]",\n},}') == {"a": [1, 2], "b": {"c": ",]"}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,,]",
        b'{"a": NaN}',
        b"\xff",
        b"[" * 100_000,
        b'{"a": ",}',
        b"9" * 19,
        b"9" * 5000,
        b"1e18",
        b"1e999",
    ],
)
def test_what_is_no_json_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(Unanswered) as refused:
        value_of(body)
    assert refused.value.status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 10**18, 10**18 - 1) | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(JSON)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert value_of(json.dumps(value).encode()) == value


@given(JSON)
def test_whatever_is_sent_is_a_job_or_is_refused(value: Any) -> None:
    names = ("properties", "inputData", "dataset", "outputData", "outputDataset", "compute")
    for name in names:
        for body in (value, {"properties": value}, {"properties": {name: value}}, {"properties": {name: {"a": value}}}):
            with suppress(Unanswered):
                assert job_asked(body, "letters", None)["endpoint"] == "letters"


@pytest.mark.parametrize("said", [f"PT{'9' * 400}S", f"P{'9' * 5000}D", "PT0." + "1" * 400 + "S"])
def test_a_duration_of_too_many_digits_stays_what_it_is_and_is_refused_as_a_number(said: str) -> None:
    assert asked({"retrySettings": {"timeout": said}})["settings"]["retry_settings"]["timeout"] == said
