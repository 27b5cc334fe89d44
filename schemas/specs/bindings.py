"""Bindings: what a component may name in its command and in its jobs. Knows no file and no service."""

import re
from collections.abc import Collection, Mapping

from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import Address
from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node, scalars

_EXPRESSION = lazy_pattern(r"\$\{\{\s*([^{}]*?)\s*\}\}")
_OPTIONAL = lazy_pattern(r"\$\[\[.*?\]\]", re.DOTALL)
_OF_COMMAND = lazy_pattern(r"(inputs|outputs)\.(\w+)(\.\w+)*")
_OF_PARENT = lazy_pattern(r"parent\.(inputs|outputs)\.(\w+)(\.\w+)*")
_OF_JOB = lazy_pattern(r"parent\.jobs\.(\w+)\.outputs\.(\w+)")

NODE_FIELDS = (
    *("type", "component", "inputs", "outputs", "compute", "name", "display_name", "description", "tags", "comment"),
    *("environment_variables", "resources", "limits", "identity", "services", "queue_settings", "distribution"),
    *("environment", "code", "command", "properties", "settings", "$schema", "experiment_name", "jobs"),
)
"""Fields of a job of a pipeline that is a command or a pipeline itself (azure-ai-ml: `CommandSchema`, `NodeSchema`)."""
_CHECKED = ("", "command", "pipeline")


def check_component(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    """Every name in `${{...}}` is one that is there; every job gets what its component needs and nothing else."""
    if draft.node.texts("type") == "pipeline":
        _check_pipeline(draft, drafts)
    elif (command := draft.node.get("command")) is not None and isinstance(command.value, str):
        _check_command(draft, command)


def _check_command(draft: Draft, command: Node) -> None:
    required = _OPTIONAL.sub("", command.value)
    for said in dict.fromkeys(_EXPRESSION.findall(command.value)):
        found = _OF_COMMAND.fullmatch(said)
        if found is None:
            fix = "Write ${{inputs.NAME}} or ${{outputs.NAME}}."
            draft.error("unknown-binding", ("command",), f"command: '{said}' means nothing here", fix)
            continue
        side, name = found[1], found[2]
        ports = _ports(draft.node, side)
        if name not in ports:
            _unknown(draft, ("command",), f"command: there is no {side[:-1]} '{name}'", name, ports, side)
        elif side == "inputs" and _is_optional(ports[name]) and said in _EXPRESSION.findall(required):
            message = f"command: input '{name}' is optional, and its argument is always there"
            fix = f"Write $[[--{name} ${{{{inputs.{name}}}}}]]: what is between the brackets goes with it."
            draft.warn("optional-input", ("command",), message, fix)


def _check_pipeline(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    jobs = _ports(draft.node, "jobs")
    needs: dict[str, set[str]] = {name: set() for name in jobs}
    written: set[str] = set()
    for name, job in jobs.items():
        if isinstance(job.value, dict):
            _check_job(draft, name, job)
            component = _component_of(job, drafts)
            if component is not None:
                _check_given(draft, name, job, component)
            for path, node in scalars(job):
                if path[0] in ("inputs", "outputs"):
                    _check_binding(draft, ("jobs", name, *path), node, jobs, drafts, needs[name], written)
    for output, port in _ports(draft.node, "outputs").items():
        if output not in written and not draft.doubts.touch("jobs"):
            message = f"outputs.{output} is written by no job"
            fix = f"Let a job write it: 'outputs: {{NAME: ${{{{parent.outputs.{output}}}}}}}'."
            draft.warn("unwritten-output", ("outputs", output), message, fix, port.key_mark)
    _check_order(draft, needs)


def _component_of(job: Node, drafts: Mapping[Address, Draft]) -> Draft | None:
    """The declared component that a job runs, if it is right as far as can be told."""
    named = job.get("component")
    found = drafts.get(Address(named.value)) if named is not None and isinstance(named.value, str) else None
    return found if found is not None and not found.broken else None


def _check_job(draft: Draft, name: str, job: Node) -> None:
    path: FieldPath = ("jobs", name)
    if job.texts("type") in _CHECKED:
        for key in [key for key in job.value if key not in NODE_FIELDS]:
            fix = did_you_mean(key, NODE_FIELDS) or f"Remove it. The fields are: {listed(NODE_FIELDS, most=12)}."
            message = f"'{key}' is not a field of the job '{name}'"
            draft.error("unknown-field", path, message, fix, job.value[key].key_mark)
        if job.get("component") is None and job.get("command") is None and not draft.doubts.touch(*path, "component"):
            fix = "Add 'component: azureml:NAME:VERSION', or a file of one."
            draft.error("missing-field", path, f"the job '{name}' needs 'component'", fix, job.key_mark)


def _check_given(draft: Draft, name: str, job: Node, component: Draft) -> None:
    """A job gives its component what that needs, and nothing that it has not."""
    path: FieldPath = ("jobs", name)
    for side in ("inputs", "outputs"):
        there = _ports(component.node, side)
        for port, node in _ports(job, side).items():
            if port not in there:
                message = f"jobs.{name}: {component.address} has no {side[:-1]} '{port}'"
                _unknown(draft, (*path, side), message, port, there, side, node.key_mark)
    given = _ports(job, "inputs")
    for port, node in _ports(component.node, "inputs").items():
        if port not in given and not _is_optional(node) and node.get("default") is None:
            message = f"jobs.{name}: {component.address} needs the input '{port}'"
            fix = f"Add '{port}: ${{{{parent.inputs.NAME}}}}' to its inputs, or a value."
            draft.error("missing-input", path, message, fix, (job.get("inputs") or job).key_mark)


def _check_binding(
    draft: Draft,
    path: FieldPath,
    node: Node,
    jobs: Mapping[str, Node],
    drafts: Mapping[Address, Draft],
    needs: set[str],
    written: set[str],
) -> None:
    """One value of a job's inputs or outputs. Notes whose outputs it needs, and which of the pipeline's it writes."""
    for said in _EXPRESSION.findall(node.value) if isinstance(node.value, str) else ():
        where = f"{'.'.join(map(str, path))}"
        of_job, of_parent = _OF_JOB.fullmatch(said), _OF_PARENT.fullmatch(said)
        if of_job is not None and path[2] == "inputs":
            job, output = of_job[1], of_job[2]
            if job not in jobs:
                _unknown(draft, path, f"{where}: there is no job '{job}'", job, jobs, "jobs", node.mark)
                continue
            needs.add(job)
            component = _component_of(jobs[job], drafts)
            outputs = {**_ports(jobs[job], "outputs"), **(_ports(component.node, "outputs") if component else {})}
            if output not in outputs and (component is not None or jobs[job].get("component") is None):
                message = f"{where}: the job '{job}' has no output '{output}'"
                _unknown(draft, path, message, output, outputs, "outputs", node.mark)
        elif of_parent is not None and of_parent[1] == path[2]:
            side, name = of_parent[1], of_parent[2]
            written |= {name} if side == "outputs" else set()
            ports = _ports(draft.node, side)
            if name not in ports:
                message = f"{where}: the pipeline has no {side[:-1]} '{name}'"
                _unknown(draft, path, message, name, ports, side, node.mark)
        else:
            allowed = "${{parent.inputs.NAME}} or ${{parent.jobs.JOB.outputs.NAME}}"
            fix = f"Write {allowed if path[2] == 'inputs' else '${{parent.outputs.NAME}}'}."
            draft.error("unknown-binding", path, f"{where}: '{said}' means nothing here", fix, node.mark)


def _check_order(draft: Draft, needs: Mapping[str, Collection[str]]) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        message = f"these jobs need each other, so none can be first: {' -> '.join(circle)}"
        mark = _ports(draft.node, "jobs")[circle[0]].key_mark
        draft.error("job-cycle", ("jobs",), message, "Take one of the bindings out.", mark)


def _ports(node: Node, side: str) -> dict[str, Node]:
    found = node.get(side)
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _is_optional(port: Node) -> bool:
    optional = port.get("optional")
    return optional is not None and optional.value is True


def _unknown(
    draft: Draft,
    path: FieldPath,
    message: str,
    name: str,
    known: Collection[str],
    what: str,
    mark: Mark | None = None,
) -> None:
    there = f"The {what} are: {listed(known)}." if known else f"There are no {what}."
    draft.error("unknown-binding", path, message, did_you_mean(name, known) or there, mark)
