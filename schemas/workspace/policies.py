"""Policies: what the files say that bep.yml lists under `policies`. Judges no plan and runs no command."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.checking.recovering import checked_part
from bep.schemas.drafts.literal_secrets import literal_secrets
from bep.schemas.files import Files
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, Severity, mistake, warning
from bep.schemas.mark import Mark
from bep.schemas.workspace.workspace import POLICIES
from bep.schemas.yaml.node import Node, plain

COMMAND, PYTHON = "command", "python"
COMMANDS = (COMMAND, PYTHON)
"""The rules that run something of the workspace's."""
_UNUSED_BY_COMMANDS, _UNUSED_BY_RULES = ("addresses",), ("timeout", "environment")
"""Words of a policy that mean nothing to what runs something, and to the other rules."""
EXCLUDES = "!"
PATIENCE = 30


class Effect(StrEnum):
    """What follows where a policy is broken."""

    DENY = "deny"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Case:
    """A plan that a policy is tried with, and the verdict that is right: `plan` is a file, else `changes` are it."""

    name: str
    plan: str
    changes: Sequence[Mapping[str, Any]]
    expect: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. `rule` is the word of its rule, `setting` what is written behind it.

    Paths in it are relative to its file's `folder`. `addresses` are patterns, none of them where it is about all.
    """

    name: str
    rule: str
    setting: Any
    mark: Mark
    effect: Effect = Effect.DENY
    description: str = ""
    addresses: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    timeout: int = PATIENCE
    environment: tuple[str, ...] = ()
    cases: tuple[Case, ...] = field(default=(), repr=False)

    @property
    def folder(self) -> str:
        """The folder of its file."""
        return posixpath.dirname(self.mark.file) or "."

    @property
    def runs_a_command(self) -> bool:
        """Whether judging by it runs something of the workspace's."""
        return self.rule in COMMANDS

    def is_about(self, address: str) -> bool:
        """Whether a resource is one of its addresses."""
        wanted = [pattern for pattern in self.addresses if not pattern.startswith(EXCLUDES)]
        others = [pattern.removeprefix(EXCLUDES) for pattern in self.addresses if pattern.startswith(EXCLUDES)]
        named = not wanted or any(fnmatchcase(address, pattern) for pattern in wanted)
        return named and not any(fnmatchcase(address, pattern) for pattern in others)

    def holds_in(self, stage: str) -> bool:
        """Whether it is asked in a stage."""
        return not self.stages or stage in self.stages


def policies_of(
    documents: Mapping[str, Sequence[Node]], files: Files, stages: Collection[str]
) -> tuple[tuple[Policy, ...], list[Finding]]:
    """The policies in these files' documents, and what is wrong with them; of a wrong document there are none."""
    found: list[Policy] = []
    findings: list[Finding] = []
    for path, nodes in documents.items():
        for node in nodes:
            wrong, _ = checked_part(POLICIES, node, POLICIES)
            findings += [*wrong, *literal_secrets(node, address=POLICIES, document=path)]
            if any(finding.severity is Severity.ERROR for finding in wrong):
                continue
            for item in _items(node):
                policy = _policy(item)
                findings += _unsound(policy, item, files, stages)
                findings += _twice(policy, found)
                found.append(policy)
    return tuple(found), findings


def _items(root: Node) -> Sequence[Node]:
    items = root.get("policies")
    return [item for item in items.value if item.value is not None] if items is not None else []


def _policy(node: Node) -> Policy:
    said = plain(node)
    [(rule, setting)] = said["rule"].items()
    cases = node.get("cases")
    return Policy(
        said["name"],
        rule,
        setting,
        node.nearest(("name",)).mark,
        Effect(said.get("effect", Effect.DENY)),
        said.get("description", ""),
        tuple(said.get("addresses", ())),
        tuple(said.get("stages", ())),
        said.get("timeout", PATIENCE),
        tuple(said.get("environment", ())),
        tuple(_case(case) for case in cases.value) if cases is not None and cases.value else (),
    )


def _case(node: Node) -> Case:
    said = plain(node)
    return Case(said.get("name", ""), said.get("plan", ""), said.get("changes", ()), said["expect"], node.mark)


def _unsound(policy: Policy, node: Node, files: Files, stages: Collection[str]) -> Iterator[Finding]:
    place = node.nearest(("rule", policy.rule)).mark
    if policy.rule == "name_pattern":
        try:
            re.compile(policy.setting)
        except re.error as problem:
            message = f"'{policy.setting}' is no regular expression: {problem}"
            yield mistake("policy-pattern", POLICIES, message, "Write one as Python's re reads it.", place)
    if policy.rule == PYTHON:
        file = posixpath.normpath(posixpath.join(policy.folder, policy.setting.partition(":")[0]))
        if not files.exists(file) or files.is_folder(file):
            fix = "Write FILE:FUNCTION, the file relative to the file of the policy."
            yield mistake("file-not-found", POLICIES, f"there is no file {file}", fix, place)
    for word in _UNUSED_BY_COMMANDS if policy.runs_a_command else _UNUSED_BY_RULES:
        if node.get(word) is not None:
            message = f"'{word}' means nothing to the rule {policy.rule} of policy '{policy.name}'"
            yield warning("policy-word-unused", POLICIES, message, "Take it out.", node.nearest((word,)).key_mark)
    what = f"policy '{policy.name}'"
    yield from unknown_stages(node, stages, what, "it would never be asked", POLICIES)


def unknown_stages(node: Node, known: Collection[str], what: str, follows: str, address: str) -> Iterator[Finding]:
    """The names under `stages` of something that are of no stage, so that it would hold in none."""
    named = node.get("stages")
    for stage in named.value if named is not None and isinstance(named.value, list) else ():
        if stage.text not in known:
            there = f"There are: {listed(known)}." if known else "This workspace has no stages: take it out."
            message = f"{what} is for the stage '{stage.text}', and there is none: {follows}"
            yield mistake("unknown-stage", address, message, did_you_mean(stage.text, known) or there, stage.mark)


def _twice(policy: Policy, before: Sequence[Policy]) -> Iterator[Finding]:
    first = next((one for one in before if one.name == policy.name), None)
    if first is not None:
        message = f"'{policy.name}' is the name of another policy, at {first.mark}"
        yield mistake("policy-twice", POLICIES, message, "Give each a name of its own: plans show it.", policy.mark)
