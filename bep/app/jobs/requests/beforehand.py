"""Why a job would be refused: seen before it exists, and before an environment is built for it. Starts nothing."""

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import Refused
from bep.app.job_records import jobs_folder, record_named
from bep.schemas.address import names_of
from bep.schemas.findings.did_you_mean import meant_by, nearest
from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.request import Settings

AS_INPUT: Final = (
    "An input is a path, a pattern, azureml:NAME:VERSION, azureml://datastores/NAME/paths/... or https://..."
)


def input_trouble(opened: "Reading", text: str, place: str) -> tuple[str, str] | None:
    """What is wrong with a local input as far as can be seen before it is listed, and what may have been meant."""
    from bep.runner.inputs.expanding import trouble_at_a_glance

    if "://" in place.removeprefix("file://"):
        return None
    trouble = trouble_at_a_glance(place)
    if not trouble:
        return None
    if os.path.lexists(place) or glob.escape(text) != text:
        return f"input {text}: {trouble}", AS_INPUT
    return f"input {text}: there is no {place}", " ".join(filter(None, [_meant(opened, text, place), AS_INPUT]))


def _meant(opened: "Reading", text: str, place: str) -> str:
    """Names like one that is not there: what lies beside the first part of it that is not, and registered data."""
    path, below = place.rstrip("/"), ""
    while not os.path.isdir(os.path.dirname(path)):  # noqa: PTH112, PTH120
        path, name = os.path.split(path)
        below = f"/{name}{below}"
    folder, name = os.path.split(path)
    at = text.rstrip("/").removesuffix(below).removesuffix(name)
    found = [f"{at}{one}{below}" for one in nearest(name, os.listdir(folder), most=2) if one[0] != "."]  # noqa: PTH208
    if "/" not in text:
        data = {names_of(address)[0]: address for address in opened.provider.list("data")}
        found += [f"azureml:{':'.join(names_of(data[one]))}" for one in nearest(name, data, most=1)]
    return meant_by(found)


def must_be_free(opened: "Reading", name: str | None) -> None:
    """Raise `Refused` where a job of this name has a folder already."""
    message, steps = name_taken(opened, name)
    if message:
        raise Refused(message, next=steps)


def name_taken(opened: "Reading", name: str | None) -> tuple[str, tuple[Step, ...]]:
    """Why a job cannot have this name, and the steps that it speaks of; nothing where it can."""
    if not name or not (jobs_folder(opened.home) / name / "job.json").exists():
        return "", ()
    status = record_named(opened.home, name).status
    told = f"there is a job {name} already, which is {status}\n    fix: choose another name"
    follow, resume, delete = (step(f"job {verb}", name) for verb in ("stream", "resume", "delete"))
    if not status.is_final:
        return f"{told}; {follow} follows that one", (follow,)
    if status.value == "Completed":
        return f"{told}, or remove that one with its output: {delete}", (delete,)
    goes_on = f"{resume} goes on with that one and the inputs that it began with"
    return f"{told}; or {goes_on}; or remove it: {delete}", (resume, delete)


def output_taken(place: Path | str, settings: "Settings") -> str:
    """What stands where the predictions of a job are to appear; nothing where the place is free, or a store knows."""
    if isinstance(place, str):
        return ""  # what stands in a store is looked up by the job, before any work
    if place.exists() and not place.is_dir():
        return f"{place} is a file, and the output needs a folder: choose another path"
    file = place / settings.output_file_name
    if settings.output_action != "append_row" or not os.path.lexists(file):
        return ""
    return f"{file} exists already and is never overwritten: choose another output_file_name or path"
