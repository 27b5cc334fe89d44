"""Environments: conda and requirements files are read and become part of the resource."""

from bep.schemas.checking.recovering import checked_part
from bep.schemas.drafts.contents import Contents, beside, said
from bep.schemas.drafts.draft import Draft
from bep.schemas.environments.conda_files import check_conda
from bep.schemas.environments.pip_credentials import settle_credentials
from bep.schemas.environments.pip_files import FIELD, Carrier, read_lines
from bep.schemas.files import Files
from bep.schemas.workspace.reading_workspace import documents_of
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.reading import read

GIVES = ("image", "conda_file", "build", "requirements")


def take_from_file(draft: Draft, files: Files, texts: dict[str, str]) -> None:
    """2021: a deployment's `environment: file:PATH` is as if the file's content stood there."""
    node = draft.node.get("environment")
    if node is None or not isinstance(node.value, str) or not node.value.startswith("file:"):
        return
    path = beside(node.file, node.value)
    documents = documents_of(files, path, draft.findings, texts)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        message, fix = f"{path} is not one environment", "Name a file with one environment."
        draft.error("environment-file", ("environment",), message, fix)
        del draft.node.value["environment"]
        return
    findings, doubts = checked_part("environment", documents[0], draft.label)
    draft.findings += findings
    draft.doubts.put(doubts, "environment")
    draft.node.value["environment"] = documents[0]


def complete(draft: Draft, contents: Contents) -> None:
    """Read the files an environment names, in place; and say what it lacks."""
    base = draft.node.value.pop("path", None)
    build = draft.node.get("build")
    if build is not None and build.get("path") is None:
        build.value["path"] = base or build.beside(".")
    contents.take(draft, ("build", "path"), folder=True)
    conda = draft.node.get("conda_file")
    if conda is not None and isinstance(conda.value, str):
        _conda(draft, contents, conda, base)
    if conda is not None and isinstance(conda.value, dict):
        check_conda(draft, conda)
    for name in ("requirements", "constraints"):
        listed = draft.node.get(name)
        if listed is not None and isinstance(listed.value, str):
            _listed(draft, contents, name, listed)
    _carry(draft, contents)
    _sources(draft)


def _carry(draft: Draft, contents: Contents) -> None:
    """Take along what lines for pip name on this machine."""
    settle_credentials(draft)
    carrier = Carrier(draft, contents, contents.take(draft, (FIELD,), folder=True))
    for section in _pip_sections(draft.node.get("conda_file")):
        section.value = carrier.lines(("conda_file",), section.value)
    for name in ("requirements", "constraints"):
        listed = draft.node.get(name)
        if listed is not None and isinstance(listed.value, list):
            listed.value = carrier.lines((name,), listed.value)
    if carrier.constraints:
        there = draft.node.get("constraints")
        lines = there.value if there is not None and isinstance(there.value, list) else []
        draft.node.value["constraints"] = carrier.constraints[0].beside([*lines, *carrier.constraints])
    carrier.finish()


def _pip_sections(conda: Node | None) -> list[Node]:
    """The lists of lines for pip in a conda file."""
    dependencies = conda.get("dependencies") if conda is not None else None
    if dependencies is None or not isinstance(dependencies.value, list):
        return []
    sections = [item.get("pip") for item in dependencies.value]
    return [section for section in sections if section is not None and isinstance(section.value, list)]


def _sources(draft: Draft) -> None:
    there = [name for name in GIVES if draft.node.get(name) is not None]
    if not there and not any(draft.doubts.touch(name) for name in GIVES):
        draft.error(
            "environment-empty",
            (),
            "an environment needs an image, a conda_file, requirements or a build",
            "Add 'conda_file: PATH' or 'image: NAME'.",
        )
    if "image" in there and "build" in there:
        draft.error("image-and-build", ("build",), "an environment has an image or a build, not both", "Keep one.")


def _conda(draft: Draft, contents: Contents, node: Node, base: Node | None) -> None:
    """A conda file is looked for beside the spec; in the 2021 form also in the environment's `path`."""
    path = beside(node.file, node.value)
    if base is not None and isinstance(base.value, str) and not contents.files.exists(path):
        path = beside(beside(base.file, base.value) + "/x", node.value)
    try:
        if not contents.files.exists(path):
            draft.error(
                "path-not-found", ("conda_file",), f"conda_file: {contents.absence(path)}", contents.advice(path)
            )
            return
        written = read(contents.files.read(path), path)
    except (OSError, ValueError) as error:
        draft.error(
            "path-unreadable",
            ("conda_file",),
            f"conda_file: {path} cannot be read: {said(error, path, contents.files)}",
            "Check the path.",
        )
        return
    draft.findings.extend(written.findings)
    if len(written.documents) == 1 and isinstance(written.documents[0].value, dict):
        node.value = written.documents[0].value
    elif not written.findings:
        draft.error(
            "conda-file-form",
            ("conda_file",),
            f"{path} is not a conda file: it must be one mapping",
            "It has name, channels and dependencies.",
        )


def _listed(draft: Draft, contents: Contents, name: str, node: Node) -> None:
    """Put the lines of a file for pip where its name stood."""
    path = beside(node.file, node.value)
    try:
        node.value = read_lines(contents, path)
    except (OSError, ValueError) as error:
        why = said(error, path, contents.files)
        draft.error("path-not-found", (name,), f"{name}: {path} cannot be read: {why}", contents.advice(path))
