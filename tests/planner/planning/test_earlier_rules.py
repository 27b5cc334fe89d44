"""What an earlier rule of content registered plans empty, and keeps its version, whatever no longer counts."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bep.planner.observed import Observed
from bep.planner.planning.earlier_rules import as_registered, same_content
from bep.planner.state import ContentRecord
from bep.schemas import content
from bep.schemas.address import Address
from bep.schemas.content import FIRST_RULE, RULE, digest_of_files, version_of
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Reference, Resource

HERE = Mark("specs.yml", 1, 1)
CONDA = {"name": "old-name", "prefix": "/home/ann/envs/x", "dependencies": ["python=3.11"]}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def environment(conda: Mapping[str, object]) -> Resource:
    attributes = {"name": "letters", "conda_file": conda, "os_type": "linux"}
    version = version_of(attributes)
    address = Address(f"environment/letters/{version}")
    return Resource(address, {**attributes, "version": version}, HERE)


def registered_by_the_first_rule(conda: Mapping[str, object]) -> dict[Address, Observed]:
    attributes = {"name": "letters", "conda_file": conda, "os_type": "linux"}
    version = version_of(attributes, FIRST_RULE)
    return {Address(f"environment/letters/{version}"): Observed({**attributes, "version": version}, "1")}


@pytest.mark.parametrize("now", [CONDA, {**CONDA, "name": "new"}, {"dependencies": CONDA["dependencies"]}])
def test_an_environment_without_a_version_keeps_the_one_that_the_first_rule_gave_it(now: Mapping[str, object]) -> None:
    there = registered_by_the_first_rule(CONDA)
    (old,) = there
    wanted = environment(now)
    user = Resource(
        Address("deployment/letters/blue"),
        {"environment": wanted.address},
        HERE,
        (Reference(("environment",), wanted.address),),
    )
    found, referring = as_registered([wanted, user], lambda kind: there if kind == "environment" else {})
    assert found.address == old
    assert found.attributes["version"] == old.rpartition("/")[2]
    assert referring.attributes["environment"] == old
    assert referring.references == (Reference(("environment",), old),)


def test_other_packages_are_another_environment() -> None:
    there = registered_by_the_first_rule(CONDA)
    wanted = environment({**CONDA, "dependencies": ["python=3.12"]})
    assert as_registered([wanted], lambda _: there) == (wanted,)


def test_a_version_that_was_written_is_that_version() -> None:
    there = registered_by_the_first_rule(CONDA)
    written = environment(CONDA)
    written = replace(
        written, address=Address("environment/letters/7"), attributes={**written.attributes, "version": "7"}
    )
    assert as_registered([written], lambda _: there) == (written,)


def test_files_that_no_longer_count_make_no_other_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "counts", lambda name: not name.startswith(".env"))
    before = {"a.py": sha("a"), ".env": sha("token")}
    recorded = ContentRecord(sha256=digest_of_files(before), files=before)
    now = {"a.py": sha("a")}
    wanted = ContentRecord(sha256=digest_of_files(now), files=now, rule=RULE)
    assert same_content(recorded, wanted)
    assert not same_content(recorded, ContentRecord(sha256="0", files={"a.py": sha("b")}, rule=RULE))
    assert not same_content(recorded.model_copy(update={"rule": RULE}), wanted)
    model = Resource(
        Address(f"model/m/{wanted.sha256[:12]}"),
        {"name": "m", "version": wanted.sha256[:12], "path": {"local": "m", "sha256": wanted.sha256}},
        HERE,
        contents={"path": Content("m", wanted.sha256, now, "/m")},
    )
    old = Address(f"model/m/{recorded.sha256[:12]}")
    (found,) = as_registered([model], lambda _: {old: Observed({}, "1", contents={"path": recorded})})
    assert found.address == old
