"""Schedules in specs: one spelling for every way to write one, and what is wrong with each of the others."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bep.schemas.findings.finding import Severity, errors
from bep.schemas.schedules.times import times
from bep.schemas.schedules.triggers import read_trigger
from bep.schemas.schedules.wording import described
from tests.schemas.conftest import Workbench

ENDPOINT = "kind: endpoint\nname: letters\n---\n"
CRON = 'trigger: {type: cron, expression: "30 2 * * *"}\n'
RECURRENCE = "trigger: {{type: recurrence, interval: 1, frequency: {}}}\n"
JOB = "create_job: {endpoint: letters, inputs: {texts: texts}}\n"


def attributes(bench: Workbench, text: str, folder: str = "") -> dict[str, Any]:
    bench.write("bep.yml", f"workspace: taxi\nspecs: ['{folder}a.yml']\n")
    bench.write(f"{folder}a.yml", ENDPOINT + text)
    loaded = bench.load()
    assert [str(found) for found in loaded.findings] == []
    (schedule,) = (one for one in loaded.resources if one.kind == "schedule")
    assert schedule.address == "schedule/nightly"
    assert schedule.references[0].address == "endpoint/letters"
    return dict(schedule.attributes)


def test_a_schedule_as_az_ml_has_it(bench: Workbench) -> None:
    text = """\
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: nightly
display_name: Every night
description: of letters
tags: {team: mail}
trigger:
  type: recurrence
  frequency: Week
  interval: 1
  start_time: 2026-01-05T02:00:00
  time_zone: pacific standard time
  schedule: {hours: 2, minutes: [30, 0, 30], week_days: [Sunday, monday]}
create_job:
  endpoint: azureml:letters
  inputs:
    texts: {type: uri_folder, path: "../texts/${{creation_context.trigger_time}}"}
  outputs:
    score: {path: "azureml://datastores/workspaceblobstore/paths/${{ name }}"}
  settings: {mini_batch_size: 5}
"""
    assert attributes(bench, text, "specs/") == {
        "name": "nightly",
        "display_name": "Every night",
        "description": "of letters",
        "tags": {"team": "mail"},
        "is_enabled": True,
        "missed_runs": "once",
        "trigger": {
            "type": "recurrence",
            "frequency": "week",
            "interval": 1,
            "start_time": "2026-01-05T02:00:00",
            "time_zone": "Pacific Standard Time",
            "schedule": {"hours": [2], "minutes": [0, 30], "week_days": ["monday", "sunday"]},
        },
        "create_job": {
            "endpoint": "endpoint/letters",
            "inputs": {"texts": {"type": "uri_folder", "path": "texts/${{creation_context.trigger_time}}"}},
            "outputs": {"score": {"path": "azureml://datastores/workspaceblobstore/paths/${{ name }}"}},
            "settings": {"mini_batch_size": 5},
        },
    }


@pytest.mark.parametrize(
    ("line", "trigger"),
    [
        ('{type: cron, expression: "0 2 * * *"}', {"type": "cron", "expression": "0 2 * * *", "time_zone": "UTC"}),
        (
            '{type: Cron, expression: "0 2 * * *", timezone: utc}',
            {"type": "cron", "expression": "0 2 * * *", "time_zone": "UTC"},
        ),
        (
            "{type: recurrence, frequency: day, interval: 2, pattern: {hours: [5, 4], minutes: 0}}",
            {
                "type": "recurrence",
                "frequency": "day",
                "interval": 2,
                "schedule": {"hours": [4, 5], "minutes": [0]},
                "time_zone": "UTC",
            },
        ),
        (
            "{type: recurrence, frequency: month, interval: 1, start_time: '2026-01-31 10:00', end_time: 2026-12-31}",
            {
                "type": "recurrence",
                "frequency": "month",
                "interval": 1,
                "start_time": "2026-01-31T10:00:00",
                "end_time": "2026-12-31T00:00:00",
                "time_zone": "UTC",
            },
        ),
    ],
)
def test_triggers_have_one_spelling(bench: Workbench, line: str, trigger: dict[str, Any]) -> None:
    assert attributes(bench, f"name: nightly\ntrigger: {line}\n{JOB}")["trigger"] == trigger


def test_what_a_schedule_refers_to_is_made_first(bench: Workbench) -> None:
    bench.write("texts/1.txt", "a")
    bench.write("bep.yml", "workspace: taxi\nspecs: [a.yml]\n")
    job = "create_job: {endpoint: letters, inputs: {texts: {path: azureml:mails:1}}}\n"
    bench.write("a.yml", f"{ENDPOINT}kind: data\nname: mails\nversion: 1\npath: texts\n---\nname: nightly\n{CRON}{job}")
    (schedule,) = (one for one in bench.load().resources if one.kind == "schedule")
    assert [reference.address for reference in schedule.references] == ["endpoint/letters", "data/mails/1"]
    assert schedule.attributes["create_job"]["inputs"] == {"texts": {"path": "azureml:mails:1"}}


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (CRON.replace("30 2 *", "30 2 1"), "cron-expression", "the days of the month are '1'"),
        (
            CRON.replace("}", ", time_zone: Pacific Standard Tim}"),
            "unknown-time-zone",
            "Did you mean 'Pacific Standard Time'",
        ),
        (
            CRON.replace("}", ", schedule: {hours: 1, minutes: 1}}"),
            "other-trigger",
            "'schedule' is of a trigger of type recurrence",
        ),
        (
            "trigger: {type: recurrence, interval: 1, frequency: day, expression: '* * * * *'}\n",
            "other-trigger",
            "'expression'",
        ),
        (
            RECURRENCE.format("week, schedule: {hours: 1, minutes: 1, month_days: 3}"),
            "recurrence-pattern",
            "month_days is not for frequency: week",
        ),
        (
            RECURRENCE.format("day, schedule: {hours: 1, minutes: 1, week_days: monday}"),
            "recurrence-pattern",
            "Write frequency: week.",
        ),
        (
            RECURRENCE.format("month, schedule: {hours: 1, minutes: 1, week_days: monday, month_days: 3}"),
            "recurrence-pattern",
            "exclude each other",
        ),
        (
            RECURRENCE.format("hour, schedule: {hours: 1, minutes: 1}"),
            "recurrence-pattern",
            "no times of the day",
        ),
        (CRON.replace("}", ", start_time: 2026-02-30}"), "no-such-moment", "'2026-02-30'"),
        (CRON.replace("}", ", start_time: 2026-02-03T10:00:00Z}"), "bad-name", "start_time"),
        (CRON.replace("}", ", start_time: 2026-02-03, end_time: 2026-02-01}"), "end-before-start", "2026-02-01"),
        (CRON.replace("}", ", start_time: 2026-02-03, end_time: 2026-02-03T01:00}"), "never-comes", "never comes"),
        ("trigger: {type: cron}\n", "missing-field", "trigger needs 'expression'"),
        ("trigger: {type: recurrence, frequency: day}\n", "missing-field", "trigger needs 'interval'"),
        (CRON + "description: for ${{name}}\n", "unknown-expression", "only in the paths"),
    ],
)
def test_what_is_wrong_with_a_trigger(bench: Workbench, text: str, code: str, said: str) -> None:
    told(bench, f"name: nightly\n{text}{JOB}", code, said)


@pytest.mark.parametrize(
    ("job", "code", "said"),
    [
        ("{endpoint: leters, inputs: {a: x}}", "unresolved-reference", "there is no endpoint/leters"),
        (
            "{endpoint: letters, deployment: blue, inputs: {a: x}}",
            "unresolved-reference",
            "letters has no deployment 'blue'",
        ),
        ("{endpoint: letters, inputs: {a: x, b: y}}", "one-input", "exactly one input"),
        ("{endpoint: letters, inputs: {a: 3}}", "value-input", "is a value"),
        ("{endpoint: letters, inputs: {a: {type: mltable, path: x}}}", "mltable-input", "mltable"),
        (
            "{endpoint: letters, inputs: {a: '${{trigger_time}}'}}",
            "unknown-expression",
            "creation_context.trigger_time",
        ),
        ("{endpoint: letters, inputs: {a: {type: '${{name}}', path: x}}}", "not-allowed", "type"),
        ("{endpoint: letters, inputs: {a: 's3://me:secretpassword@x/y'}}", "secret-in-address", "a password"),
        ("{endpoint: letters, inputs: {a: x}, settings: {output_file_name: a/b}}", "output-file-name", "a/b"),
        ("{endpoint: letters, inputs: {a: x}, settings: {mini_batch_sise: 1}}", "unknown-field", "mini_batch_size"),
        ("{endpoint: letters, inputs: {a: x}, name: me}", "unknown-field", "'name'"),
        ("{endpoint: letters}", "missing-field", "inputs"),
        ("pipeline.yml", "not-supported", "has no endpoint"),
        ("{type: pipeline, job: ./p.yml}", "not-supported", "has no endpoint"),
    ],
)
def test_what_is_wrong_with_its_job(bench: Workbench, job: str, code: str, said: str) -> None:
    told(bench, f"name: nightly\n{CRON}create_job: {job}\n", code, said)


def told(bench: Workbench, text: str, code: str, said: str) -> None:
    """The specs have this finding, which points at a line of theirs and says how to mend it."""
    bench.write("bep.yml", "workspace: taxi\nspecs: [a.yml]\n")
    bench.write("a.yml", ENDPOINT + text)
    findings = bench.load().findings
    assert code in [found.code for found in findings]
    (found,) = (found for found in findings if found.code == code)
    assert said in f"{found.message} {found.fix}"
    assert found.severity is Severity.ERROR
    assert found.fix
    assert found.mark is not None
    assert found.mark.file == "a.yml"


ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, "", 0, -1, 3, 25, 1_000_000_000.5, True, [], {}, "x", "\0", "é" * 50, "9" * 400, [None], [[]], [{}]),
        *("${{name}}", "${{ creation_context.trigger_time }}", "${{var.x}}", "${{", {"a": "b"}, {"path": ["a", 3]}),
        *("2026-01-01", "9999-12-31T23:59:59", "0001-01-01", "0000-00-00", "2026-02-30T02:00", "UTC", "Etc/GMT+12"),
        *("* * * * *", "a b c d e", "monday", ["Monday", "x"], [1, "x"], [3, 1], "week", "day", "month", "minute"),
        *("cron", "recurrence", "letters", "azureml:mails:1", "azureml:mails@latest", "azureml://datastores/x/paths/y"),
    ]
)
PLACES: tuple[tuple[str, ...], ...] = (
    *((name,) for name in ("name", "trigger", "create_job", "is_enabled", "missed_runs", "tags", "x-bep", "zz")),
    *(("trigger", name) for name in ("type", "expression", "frequency", "interval", "schedule", "pattern")),
    *(("trigger", name) for name in ("start_time", "end_time", "time_zone", "timezone", "zz")),
    *(("trigger", "schedule", name) for name in ("hours", "minutes", "week_days", "month_days", "zz")),
    *(("create_job", name) for name in ("endpoint", "deployment", "inputs", "outputs", "resources", "settings")),
    *(("create_job", "inputs", "a", name) for name in ("path", "type")),
    *(("create_job", "outputs", "a", name) for name in ("path", "type", "format")),
)
WHOLE: tuple[dict[str, Any], ...] = (
    {"type": "cron", "expression": "0 2 * * *"},
    {"type": "recurrence", "frequency": "month", "interval": 2, "schedule": {"hours": [1], "minutes": 0}},
    {"type": "recurrence", "frequency": "hour", "interval": 5, "start_time": "2026-01-01"},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=4))
def test_whatever_is_written_is_told_or_can_be_read(
    bench: Workbench, trigger: dict[str, Any], changes: list[tuple[tuple[str, ...], Any]]
) -> None:
    document: dict[str, Any] = {"kind": "schedule", "name": "nightly", "trigger": deepcopy(trigger)}
    document["create_job"] = {"endpoint": "letters", "inputs": {"a": {"path": "x"}}}
    for path, value in changes:
        around = document
        for name in path[:-1]:
            below = around.setdefault(name, {})
            if not isinstance(below, dict):
                break
            around = below
        else:
            around[path[-1]] = deepcopy(value)
    bench.write("bep.yml", "workspace: taxi\nspecs: [a.yml]\n")
    bench.write("a.yml", ENDPOINT + json.dumps(document))
    loaded = bench.load()
    for found in loaded.resources if not errors(loaded.findings) else ():
        if found.kind == "schedule":
            next(times(read_trigger(found.attributes["trigger"]), datetime(2026, 1, 1, tzinfo=UTC)), None)
            assert described(found.attributes["trigger"])
