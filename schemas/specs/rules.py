"""Rules beyond the schema: what must hold inside a resource and between resources."""

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bep.schemas.address import Address
from bep.schemas.content import conda_content
from bep.schemas.drafts.contents import Contents, said
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import IN_ADDRESS
from bep.schemas.findings.did_you_mean import did_you_mean, either, listed
from bep.schemas.findings.finding import Finding, Severity, mistake
from bep.schemas.kinds.kind import load_kind
from bep.schemas.mark import Mark
from bep.schemas.yaml.masking import in_address
from bep.schemas.yaml.node import plain

if TYPE_CHECKING:
    from bep.schemas.specs.script_grammar import Parse, ScriptTrouble

MLFLOW = "mlflow_model"
OUTPUT_FILE = "predictions.csv"
PIPELINES = frozenset(
    ("component", "job_definition", "default_compute", "default_datastore", "continue_on_step_failure", "force_rerun")
)
"""What only a deployment of a pipeline says, itself or in its settings."""
ABOUT = ("description", "tags", "properties")
"""What is said about an asset and is no part of its content."""
LONGEST_FILE_NAME = 214
"""Bytes of UTF-8. A file system gives a name 255; while it grows, an output has its job's name in its own, and the name
that bep makes for a job has 31 and what stands around it 10."""
_FSSPEC = (
    "Leave it out: fsspec reads FSSPEC_<PROTOCOL>_PASSWORD and the like from the environment, and stores' clients have"
    " settings of their own."
)
_INPUT = "A job's own input may be such an address; it is kept nowhere."
ADDRESSES: Mapping[str, str] = {
    "url": f"{_FSSPEC} {_INPUT}",
    "path": f"{_FSSPEC} {_INPUT}",
    "share": _FSSPEC,
    "dashboard": "Leave it out: a cluster's token is read from RAY_AUTH_TOKEN, or the file of RAY_AUTH_TOKEN_PATH.",
}
"""Fields that may be addresses, and what stands for the secret in each."""
FORBIDDEN_IN_NAMES = '/\\:*?"<>|'


def check_deployment(draft: Draft, drafts: Mapping[Address, Draft], contents: Contents, parse: "Parse | None") -> None:
    """Everything that must hold for one deployment whose references are resolved; `parse` asks other Pythons."""
    settings = draft.node.get("settings")
    there = {*draft.node.value, *(settings.value if settings is not None else ())}
    if draft.node.texts("type") == "pipeline" or not PIPELINES.isdisjoint(there):
        from bep.schemas.specs.components import check_kind_of_deployment

        if check_kind_of_deployment(draft):
            return
    _model_needs(draft, drafts)
    _instances(draft, drafts)
    _output(draft)
    _own_files(draft, drafts)
    _partitions(draft, drafts)
    _script(draft, drafts, contents, parse)


def check_addresses(draft: Draft) -> None:
    """State, plans and catalogs keep an address as it is written, so a secret in one would be in all of them."""
    for name, fix in ADDRESSES.items():
        node = draft.node.get(name)
        if node is not None and in_address(node.value) and not draft.doubts.touch(name):
            message = f"{name} has a password or a signature in it, which would be kept where addresses are kept"
            draft.error(IN_ADDRESS, (name,), message, fix)


def _model_needs(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    """MLflow models bring their own environment and need no script; all others need both."""
    node = draft.node
    for name, example in (("model", "azureml:NAME:VERSION"), ("compute", "azureml:NAME")):
        if node.get(name) is None and not draft.doubts.touch(name):
            draft.error("missing-field", (), f"a deployment needs '{name}'", f"Add '{name}: {example}'.")
    model = _named(draft, "model", drafts)
    if model is None or model.doubts.touch("type"):
        return
    if _type_of(model) == MLFLOW:
        _scores_by_itself(draft, model)
        return
    if node.get("code_configuration") is None and not draft.doubts.touch("code_configuration"):
        draft.error(
            "missing-code",
            ("model",),
            f"the model is a {_type_of(model)}, so the deployment needs code_configuration",
            "Add 'code_configuration: {code: FOLDER, scoring_script: FILE}'.",
        )
    if node.get("environment") is None and not draft.doubts.touch("environment"):
        draft.error(
            "missing-environment",
            ("model",),
            f"the model is a {_type_of(model)}, so the deployment needs an environment",
            "Add 'environment: azureml:NAME:VERSION', or write one here.",
        )


def _scores_by_itself(draft: Draft, model: Draft) -> None:
    """A deployment without a script has a model that scores without one."""
    from bep.schemas.environments.mlflow_models import NOT_BY_ITSELF

    is_scripted = draft.node.get("code_configuration") is not None or draft.doubts.touch("code_configuration")
    if not is_scripted and any(finding.code == NOT_BY_ITSELF for finding in model.findings):
        draft.error(
            "missing-code",
            ("model",),
            f"{model.address} has no python_function flavor, so the deployment needs code_configuration",
            "Add 'code_configuration: {code: FOLDER, scoring_script: FILE}' and an environment.",
        )


def _named(draft: Draft, name: str, drafts: Mapping[Address, Draft]) -> Draft | None:
    """The declared draft that a field refers to."""
    node = draft.node.get(name)
    return drafts.get(Address(str(node.value))) if node is not None else None


def _type_of(model: Draft) -> str:
    found = model.node.get("type")
    return str(found.value) if found is not None else "custom_model"


_COMPUTE_NEEDS = (("ssh_settings", "admin_username"), ("identity", "type"))
"""What a compute's mappings cannot be without (azure-ai-ml: `AmlComputeSshSettings`, `IdentityConfiguration`)."""


def check_compute(draft: Draft) -> None:
    """No more instances may be kept ready than there may be; an account has a name and an identity a type."""
    for around, name in _COMPUTE_NEEDS:  # in the flat spelling of 2021, too, of which its schema cannot say so
        node = draft.node.get(around)
        if node is not None and node.get(name) is None and not draft.doubts.touch(around, name):
            draft.error("missing-field", (around,), f"{around} needs '{name}'", f"Add '{name}: ...'.", node.key_mark)
    check_addresses(draft)
    _check_fields_of_types(draft)
    _check_instances_kept(draft)


def _check_fields_of_types(draft: Draft) -> None:
    """What is written means something for this type of compute."""
    sort = draft.node.texts("type")
    if not sort or draft.doubts.touch("type"):
        return
    known = load_kind(draft.kind).schema["properties"]
    for name, node in draft.node.value.items():
        types = known.get(name, {}).get("x-bep-of-types", (sort,))
        if sort in types or draft.doubts.touch(name) or node.value == known[name].get("default"):
            continue
        fix = f"Remove it, or write {either([repr(f'type: {one}') for one in types])}."
        draft.error("other-sort", (name,), f"'{name}' means nothing in a compute of type {sort}", fix, node.key_mark)


def _check_instances_kept(draft: Draft) -> None:
    least, most = draft.node.get("min_instances"), draft.node.get("max_instances")
    if least is None or most is None or draft.doubts.touch("max_instances") or draft.doubts.touch("min_instances"):
        return
    if least.value > most.value:
        by_default = "" if most.text else ", the default"
        message = f"min_instances is {least.value}, but max_instances is {most.value}{by_default}"
        fix = f"Write {most.value} or less, or raise max_instances."
        draft.error("min-above-max", ("min_instances",), message, fix)


def check_delays(draft: Draft) -> None:
    """The first of growing delays is not longer than the longest."""
    retry = draft.extension.get("retry") if draft.extension is not None else None
    first, longest = (retry.get(name) if retry is not None else None for name in ("first_delay", "longest_delay"))
    if first is None or longest is None or first.value <= longest.value:
        return
    message = f"first_delay is {first.text}, but longest_delay is {longest.text}"
    fix = f"Write {longest.text} or less, or raise longest_delay."
    draft.error("min-above-max", (), message, fix, first.mark)


def instances_trouble(count: int, most: int, whose: str) -> tuple[str, str] | None:
    """What is wrong with `count` instances where the field that `whose` ends in is `most`, and how to mend it."""
    if count <= most:
        return None
    field = whose.rpartition(" ")[2].rpartition(".")[2]
    return f"instance_count is {count}, but {whose} {most}", f"Write {most} or less, or raise {field}."


def _instances(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    count = draft.node.at(("resources", "instance_count"))
    if count is None or draft.doubts.touch("resources", "instance_count"):
        return
    compute = _named(draft, "compute", drafts)
    bounds = [(draft.node.at(("resources", "max_instance_count")), "the deployment has resources.max_instance_count")]
    if compute is not None and not compute.doubts.touch("max_instances"):
        bounds.append((compute.node.get("max_instances"), f"{compute.address} has max_instances"))
    for most, whose in bounds:
        trouble = instances_trouble(count.value, most.value, whose) if most is not None else None
        if trouble:
            draft.error("too-many-instances", ("resources", "instance_count"), *trouble, count.mark)


def _output(draft: Draft) -> None:
    settings = draft.node.get("settings")
    if settings is None:
        return
    name = settings.get("output_file_name")
    if settings.texts("output_action") == "summary_only":
        if name is not None:
            draft.error("output-file-with-summary", ("settings", "output_file_name"), *summary_trouble())
    elif name is None:
        settings.value["output_file_name"] = settings.beside(OUTPUT_FILE)
    elif trouble := file_name_trouble(str(name.value)):
        draft.error(
            "output-file-name", ("settings", "output_file_name"), trouble, "Write a name such as predictions.csv."
        )


def store_trouble(share: str, compute: str) -> tuple[str, str] | None:
    """What is wrong with a script that writes its own files where a Ray cluster has this share, and how to mend it."""
    if "://" not in share or share.startswith(("file://", "local://")):
        return None
    message = (
        f"output_action is summary_only, so the script writes its own files, and they need a folder that all nodes see;"
        f" {compute} has a store as its share"
    )
    return message, f"Give {compute} a folder as its share, or write output_action: append_row."


def _own_files(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    """A script that writes its own files has a place for them on every node of a Ray cluster."""
    action, compute = draft.node.at(("settings", "output_action")), _named(draft, "compute", drafts)
    if action is None or action.value != "summary_only" or compute is None or compute.node.texts("type") != "ray":
        return
    if (share := compute.node.get("share")) is None or compute.doubts.touch("share"):
        return
    if trouble := store_trouble(str(share.value), str(compute.address)):
        draft.error("summary-in-store", ("settings", "output_action"), *trouble, action.mark)


def _partitions(draft: Draft, drafts: Mapping[Address, Draft]) -> None:
    """Keys decide which files go to one run(), so nothing else may (Azure ML docs: ParallelRunConfig)."""
    keys = draft.node.at(("settings", "partition_keys"))
    if keys is None or not keys.value:
        return
    size = draft.node.at(("settings", "mini_batch_size"))
    if size is not None and size.text:  # a default was written by nobody, and has no text
        draft.error(
            "partition-keys",
            ("settings", "mini_batch_size"),
            "mini_batch_size and partition_keys exclude each other: with keys, all files of the same values go to one "
            "run()",
            "Remove one of the two.",
        )
    model = _named(draft, "model", drafts)
    if model is not None and _type_of(model) == MLFLOW and draft.node.get("code_configuration") is None:
        draft.error(
            "partition-keys",
            ("settings", "partition_keys"),
            "partition_keys needs a scoring script: an MLflow model without one predicts file by file",
            "Remove partition_keys, or add code_configuration and environment.",
        )


def summary_trouble() -> tuple[str, str]:
    """What is wrong with an output file's name where the script writes its own output, and how to mend it."""
    return "output_file_name has no meaning with output_action summary_only", "Remove output_file_name."


def file_name_trouble(name: str) -> str:
    """What is wrong with an output file's name, or nothing."""
    bad = sorted({c for c in name if c in FORBIDDEN_IN_NAMES or ord(c) < 32})
    if bad:
        return f"output_file_name '{name}' must be a name, not a path: it has {' '.join(map(repr, bad))}"
    if (size := len(name.encode("utf-8", "surrogatepass"))) > LONGEST_FILE_NAME:
        return f"output_file_name has {size} bytes, and may have {LONGEST_FILE_NAME}: it grows under a longer name"
    if name in (".", "..") or name != name.strip() or name.endswith("."):
        return f"output_file_name '{name}' cannot be the name of a file"
    return ""


def _script(draft: Draft, drafts: Mapping[Address, Draft], contents: Contents, parse: "Parse | None") -> None:
    configuration = draft.node.get("code_configuration")
    if configuration is None:
        return
    code, script = configuration.get("code"), configuration.get("scoring_script")
    if script is None or code is None:
        lacking = [name for name, node in (("code", code), ("scoring_script", script)) if node is None]
        missing = " and ".join(name for name in lacking if not draft.doubts.touch("code_configuration", name))
        if not missing:
            return
        draft.error("missing-field", ("code_configuration",), f"code_configuration needs {missing}", f"Add {missing}.")
        return
    content = draft.contents.get("code_configuration.code")
    if content is None:
        return
    name = posixpath.normpath(str(script.value))
    if name not in content.files:
        near = did_you_mean(name, content.files) or f"The folder has {listed(sorted(content.files))}."
        draft.error(
            "script-not-found",
            ("code_configuration", "scoring_script"),
            f"scoring_script: there is no {name} in {content.local}",
            near,
        )
        return
    path = posixpath.join(content.local, name) if contents.files.is_folder(content.local) else content.local
    _examine(draft, contents, path, _python_asked(draft, drafts), parse)


def _python_asked(draft: Draft, drafts: Mapping[Address, Draft]) -> str:
    """The Python that the environment of a deployment asks for, as far as the specs say it."""
    from bep.schemas.environments.conda_files import python_asked

    environment = _named(draft, "environment", drafts)
    conda = environment.node.get("conda_file") if environment is not None else None
    return python_asked(conda) if conda is not None and isinstance(conda.value, dict) else ""


def _examine(draft: Draft, contents: Contents, path: str, asked: str, parse: "Parse | None") -> None:
    from bep.schemas.specs.scripts import examine

    field = ("code_configuration", "scoring_script")
    try:
        troubles = contents.once(path, lambda source, name: examine(source, name, asked, parse), told=asked)
    except (OSError, ValueError) as error:
        draft.error(
            "path-unreadable", field, f"scoring_script: {path} cannot be read: {said(error)}", "Check the file."
        )
        return
    for trouble in troubles:
        _report(draft, path, trouble)


def _report(draft: Draft, path: str, trouble: "ScriptTrouble") -> None:
    if not path.endswith(".py") and trouble.code == "script-syntax":
        return
    severity = Severity.ERROR if trouble.certain else Severity.WARNING
    field = ("code_configuration", "scoring_script")
    mark = Mark(path, trouble.line, trouble.column) if trouble.line else draft.node.nearest(field).mark
    draft.findings.append(Finding(severity, trouble.code, draft.label, trouble.message, trouble.fix, mark))


def duplicates(drafts: list[Draft]) -> tuple[dict[Address, Draft], list[Finding]]:
    """One draft for each address there is. The same address twice is a finding, except where an asset that is written
    inside a deployment has the content of another declaration: that is the same asset. A document of its own, which
    may say more of it, stands for both.
    """
    unique: dict[Address, Draft] = {}
    findings: list[Finding] = []
    for draft in drafts:
        if draft.address is None:
            continue
        first = unique.setdefault(draft.address, draft)
        if first is draft:
            continue
        inline, other = (draft, first) if draft.inline else (first, draft)
        if not inline.inline or not _same(inline, other):
            findings.append(_duplicate(first, draft))
        elif not other.inline:
            unique[draft.address] = other
    return unique, findings


def _same(inline: Draft, other: Draft) -> bool:
    """Whether two drafts register the same bytes, and the inline one says nothing of them that the other does not."""
    one, two = plain(inline.node), plain(other.node)
    for data in (one, two):
        for place in (data, data.get("build")):
            if isinstance(place, dict) and isinstance(place.get("path"), dict):
                place["path"] = place["path"]["sha256"]
        if isinstance(data.get("code"), dict):
            data["code"] = data["code"]["sha256"]
        if isinstance(data.get("conda_file"), dict):
            data["conda_file"] = conda_content(data["conda_file"])
    said = () if other.inline else ABOUT
    return bool(one == {key: value for key, value in two.items() if key not in said or key in one})


def _duplicate(first: Draft, draft: Draft) -> Finding:
    assert draft.address is not None
    inline = draft.inline or first.inline
    what = "with other content" if load_kind(draft.kind).registered and inline else "twice"
    return mistake(
        "duplicate-address",
        draft.address,
        f"declared {what}; first at {first.mark}",
        "Rename one, or remove one.",
        draft.mark,
    )
