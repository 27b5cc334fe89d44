"""From a job as it was asked for to what a service is asked for: where its input lies, what it may say otherwise.

Everything that the service cannot be told is said at once, before anything is sent.
"""

import glob
import hashlib
import os
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Refused
from bep.app.jobs.requests.beforehand import input_trouble
from bep.app.jobs.requests.input_types import misfit
from bep.app.jobs.requests.locating import local_place
from bep.app.jobs.requests.settings import settings_for
from bep.lazy_dataclasses import dataclass, replace
from bep.providers.cloud_jobs import Located, Unusable
from bep.schemas.content import Unfit, UnfitFile, counts, digest_of_files, holds_secrets
from bep.schemas.findings.finding import Finding, SpecInvalid, mistake
from bep.schemas.kinds.settings import set_by
from bep.schemas.resource import Content

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.cloud_jobs import CloudJobs, Routed
    from bep.runner.request import Settings
    from bep.schemas.job.job import JobSpec

NOT_TAKEN: Final = "not-for-a-service"
FILE, FOLDER = "uri_file", "uri_folder"
_TOGETHER: Final = ("max_retries", "timeout")


@dataclass(frozen=True)
class Wanted:
    """A job that a service can be asked for. `content` is what of this machine is sent first; then `input` has its type
    and no address yet. `overrides` are the settings that the service is told, `settings` all that it then goes by."""

    routed: "Routed"
    input: Located
    content: Content | None
    settings: "Settings"
    overrides: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def wanted_of(opened: "Reading", service: "CloudJobs", job: "JobSpec") -> Wanted:
    """Route the job and look at all that it asks. Raises `ProviderError` for an endpoint or a deployment that is not
    there, `SpecInvalid` with all that does not fit."""
    routed = service.route(job.endpoint, job.deployment)
    wrong = [*_of_settings(service, job), *_of_output(service, job)]
    settings = None
    try:
        settings = settings_for(routed.attributes, routed.bounds, job)
    except SpecInvalid as refused:
        wrong += refused.findings
    found, content = Located(""), None
    try:
        found, content = _input_of(opened, service, job)
    except SpecInvalid as refused:
        wrong += refused.findings
    if wrong or settings is None:
        raise SpecInvalid(wrong, job.sources)
    _insist_on_a_free_place(service, job, settings)
    told = {name: getattr(settings, name) for name in job.settings}
    if told.keys() & set(_TOGETHER):
        told |= {name: getattr(settings, name) for name in _TOGETHER}
    return Wanted(routed, found, content, settings, told, tuple(_notes(job, found, content)))


def _of_settings(service: "CloudJobs", job: "JobSpec") -> Iterator[Finding]:
    """What only a deployment can say."""
    names = {setting.name: setting.key for setting in set_by("job").values()}
    given = [*job.settings, *(["environment_variables"] if job.environment_variables else [])]
    for name in given:
        if name not in service.settings:
            message = f"the service takes no {names[name]} of a job: its deployment says that"
            fix = "Take it out, and write it in the deployment."
            yield mistake(NOT_TAKEN, "job", message, fix, job.setting_places.get(name))
    if job.output_format != "azureml":
        message = f"the service writes predictions in its own form alone, and the job asks for {job.output_format}"
        yield mistake(NOT_TAKEN, "job", message, "Take format out.")
    if job.partition_format:
        message = "the service does not read partition_format"
        yield mistake(NOT_TAKEN, "job", message, "Take it out.")


def _of_output(service: "CloudJobs", job: "JobSpec") -> Iterator[Finding]:
    if job.output_path is None:
        return
    try:
        service.check_output(job.output_path)
    except Unusable as error:
        fix = "Name a folder of a datastore, or take the path out and download the result when the job is over."
        yield mistake(NOT_TAKEN, "job", error.message, fix)


def _insist_on_a_free_place(service: "CloudJobs", job: "JobSpec", settings: "Settings") -> None:
    """Raise `Refused` where the file of predictions is there already: the job would fail when all is scored."""
    appends, folder, file = settings.output_action == "append_row", job.output_path, settings.output_file_name
    if folder and appends and service.is_taken(folder, file):
        there = f"{folder.rstrip('/')}/{file}"
        raise Refused(f"{there} exists already and is never overwritten: choose another output_file_name or path")


def _input_of(opened: "Reading", service: "CloudJobs", job: "JobSpec") -> tuple[Located, Content | None]:
    elsewhere = [text for text in job.inputs if _is_elsewhere(text)]
    if elsewhere and len(job.inputs) > 1:
        message = f"the service takes one address of a job, and there are {len(job.inputs)} inputs"
        fix = "Keep one; files of this machine may be several, and are sent as one folder."
        raise SpecInvalid([mistake(NOT_TAKEN, "job", message, fix, job.places.get(elsewhere[0]))], job.sources)
    if not elsewhere:
        return _from_here(opened, job)
    [text] = elsewhere
    try:
        found = service.locate(text)
    except Unusable as error:
        wrong = mistake(
            "input-not-found", "job", f"input: {error.message}", "Name what is there.", job.places.get(text)
        )
        raise SpecInvalid([wrong], job.sources) from None
    if job.input_type and found.type not in ("", job.input_type):
        message = f"input {text} is {found.type}, and its type is {job.input_type}"
        fix = f"Write type: {found.type}, or leave the type out."
        raise SpecInvalid([mistake("input-type", "job", message, fix, job.places.get(text))], job.sources)
    return replace(found, type=job.input_type or found.type or FOLDER), None


def _is_elsewhere(text: str) -> bool:
    return text.startswith("azureml:") or "://" in text.removeprefix("file://")


def _from_here(opened: "Reading", job: "JobSpec") -> tuple[Located, Content]:
    """Files of this machine, as one file or one folder."""
    from bep.runner.inputs.expanding import without_scheme

    wrong, places = [], []
    for text in job.inputs:
        place = without_scheme(local_place(opened, text))
        mark = job.places.get(text)
        if trouble := input_trouble(opened, text, place):
            wrong.append(mistake("input-not-found", "job", *trouble, mark))
        elif told := misfit(opened, job.input_type, text, place):
            wrong.append(mistake("input-type", "job", *told, mark))
        places.append(place)
    if wrong:
        raise SpecInvalid(wrong, job.sources)
    try:
        content = _content(opened, places)
    except Unfit as unfit:
        named = ", ".join(job.inputs)
        for one in unfit.files:
            wrong.append(mistake("not-a-plain-file", "job", f"input {named}: {one.name} {one.what}", one.fix))
        raise SpecInvalid(wrong, job.sources) from None
    if not content.files:
        message = f"input {', '.join(job.inputs)}: no files there that would be sent"
        raise SpecInvalid([mistake("input-not-found", "job", message, "Name a folder with files.")], job.sources)
    is_file = len(places) == 1 and Path(content.source).is_file()
    return Located("", FILE if is_file else FOLDER), content


def _content(opened: "Reading", places: list[str]) -> Content:
    """One path as any content that travels; what patterns and lists name as one folder, from the folder that has all
    of it down. By whatever a file is found, its name says whether it travels; a file that is named itself does."""
    if len(places) == 1 and os.path.lexists(places[0]):
        found = opened.files.content(places[0])
        return replace(found, local=Path(found.source).name)
    digests, left_out = dict[Path, str](), list[Path]()
    for place in places:
        here, staying = _travelling(opened, place)
        digests |= here
        left_out += staying
    top = os.path.commonpath([path.parent for path in (*digests, *left_out)]) if digests or left_out else ""
    files = {path.relative_to(top).as_posix(): digest for path, digest in digests.items()}
    if strange := [
        UnfitFile(ascii(name), "has a name that is no text", "Rename it.") for name in files if not _is_text(name)
    ]:
        raise Unfit(strange)
    left = tuple(dict.fromkeys(path.relative_to(top).as_posix() for path in left_out if path not in digests))
    return Content("input", digest_of_files(files), files, top, left)


def _travelling(opened: "Reading", place: str) -> tuple[dict[Path, str], list[Path]]:
    """The files of one path or pattern with their digests, and those that do not travel for what they may hold."""
    from bep.runner.inputs.expanding import expand

    folder = Path(place)
    if folder.is_dir():
        content = opened.files.content(place)
        return (
            {folder / name: digest for name, digest in content.files.items()},
            [folder / name for name in content.left_out],
        )
    paths = [Path(os.fsdecode(name)) for name in expand([place], Path(os.devnull))]
    if os.path.lexists(place):
        return {path: _digest(path) for path in paths}, []
    top = Path(*takewhile(lambda part: not glob.has_magic(part), folder.absolute().parts))
    names = {path: path.relative_to(top).as_posix() for path in paths}
    travelling = {path: _digest(path) for path, name in names.items() if counts(name)}
    return travelling, [path for path, name in names.items() if holds_secrets(name)]


def _is_text(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _notes(job: "JobSpec", found: Located, content: Content | None) -> Iterator[str]:
    """What a user should know of the input before it is sent."""
    if content is not None and content.left_out:
        yield f"not sent, for files of such names hold secrets: {', '.join(content.left_out)}"
    if content is None and not job.input_type and found.uri.rpartition("/")[2].count("."):
        yield "the input has no type, and is taken as a folder (uri_folder); one file is type: uri_file"
