"""Where a job's inputs lie and where its output goes: names become paths, addresses, and files to be laid out."""

import glob
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from bep.app.errors import Invalid
from bep.app.jobs.requests.beforehand import AS_INPUT, input_trouble
from bep.app.jobs.requests.input_types import misfit
from bep.app.workspace.faces import contents_of, places_of
from bep.app.workspace.own_folder import must_not_be_own
from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.finding import SpecInvalid, mistake

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.providers.world import Kept
    from bep.runner.folder.record import JobRecord
    from bep.runner.jobs.staging import Stored
    from bep.schemas.job.job import JobSpec

Place = TypeVar("Place", "str | Kept", int | str)


@dataclass(frozen=True)
class Inputs:
    """Where every input lies, and the files of those that a job gets copies of, by the folder that they are for."""

    places: tuple[str, ...]
    stored: "Stored"


def inputs_of(opened: "Reading", job: "JobSpec", assets: Path) -> Inputs:
    """Where every input lies; what is stored will be in a folder of its own below `assets`.

    Raises `SpecInvalid` with all that are not there, each at its place in the job file.
    """
    places, stored = [], {}
    for number, place in enumerate(_located(opened, job, input_of)):
        if isinstance(place, str):
            places.append(place)
            continue
        name = f"input-{number}"
        stored[name] = contents_of(opened).originals(place.address, place.record)
        places.append(os.fspath(assets / name / place.file))
    return Inputs(tuple(places), stored)


def glimpses_of(opened: "Reading", job: "JobSpec") -> tuple[int | str, ...]:
    """Where every input lies, or how many files it has where that is known without laying them out. Raises the same."""
    return _located(opened, job, _glimpse)


def input_of(opened: "Reading", text: str) -> "str | Kept":
    """Where an input lies: assets and datastores by the provider, local paths from the workspace's folder."""
    if text.startswith("azureml:"):
        from bep.providers.world import Kept

        found = places_of(opened).resolve(text)
        if isinstance(found, Path):
            must_not_be_own(opened.root, found, f"input {text}")
        return found if isinstance(found, Kept) else os.fspath(found)
    return local_place(opened, text)


def local_place(opened: "Specs", text: str) -> str:
    """Where an input of this machine lies, from the workspace's folder; an address as it is."""
    if "://" in text or text.startswith("/"):
        return text
    path = opened.root / text
    return os.fspath(path) if os.path.lexists(path) or _is_plain(text) else f"{glob.escape(str(opened.root))}/{text}"


def _is_plain(text: str) -> bool:
    return glob.escape(text) == text


def _glimpse(opened: "Reading", text: str) -> int | str:
    if not text.startswith("azureml:"):
        return local_place(opened, text)
    found = places_of(opened).glimpse(text)
    if isinstance(found, Path):
        must_not_be_own(opened.root, found, f"input {text}")
    return found if isinstance(found, int) else os.fspath(found)


def _located(opened: "Reading", job: "JobSpec", place_of: Callable[["Reading", str], Place]) -> tuple[Place, ...]:
    from bep.providers.protocol import ProviderError

    found, wrong = [], []
    for text in job.inputs:
        mark = job.places.get(text)
        try:
            place = place_of(opened, text)
        except ProviderError as error:
            wrong.append(
                mistake("input-not-found", "job", f"input {text}: {error.message}", AS_INPUT, mark, error.next)
            )
            continue
        if isinstance(place, str) and (trouble := input_trouble(opened, text, place)):
            wrong.append(mistake("input-not-found", "job", *trouble, mark))
        elif told := misfit(opened, job.input_type, text, place if isinstance(place, str | int) else _files_of(place)):
            wrong.append(mistake("input-type", "job", *told, mark))
        found.append(place)
    if wrong:
        raise SpecInvalid(wrong, job.sources)
    return tuple(found)


def _files_of(kept: "Kept") -> int:
    return len(kept.record.files)


def was_given_links(opened: "Reading", record: "JobRecord") -> bool:
    """Whether a job was begun by a bep that gave it links of the stored bytes; its inputs' folders are there then.

    They are laid out anew, as copies, where its manifest names them. Raises `ProviderError` for bytes that were lost.
    """
    from bep.runner.folder.folder import JobFolder

    if JobFolder(record.folder).assets_list.exists():
        return False
    contents = contents_of(opened)
    for address, there in opened.provider.list("data").items():
        kept = there.contents.get("path")
        tree = kept and contents.tree_of(kept)
        if kept and any(Path(text).is_relative_to(str(tree)) for text in record.inputs):
            contents.tree(address, kept)
    return True


def default_output(job: str) -> str:
    """Where the results of a job appear that was not told where."""
    return f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/score"


def output_of(opened: "Reading", job: "JobSpec", name: str) -> Path | str:
    """The folder where the results of a job of this name appear, or the address of one in a store.

    Raises `ProviderError` for a datastore that is not there, `Invalid` for an address that nothing can be written to.
    """
    from bep.runner.transfer.addresses import hidden, is_web

    text = job.output_path or default_output(name)
    if text.startswith("azureml:"):
        return _datastore(opened, text)
    if is_web(text):
        raise Invalid(
            f"outputs: {hidden(text)} is a web address, which results cannot be written to\n"
            "    fix: give a folder, azureml://datastores/NAME/paths/..., or an address of fsspec's such as s3://...",
        )
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return text if "://" in text else opened.root / text


def _datastore(opened: "Reading", text: str) -> Path | str:
    place = places_of(opened).resolve_output(text)
    if isinstance(place, Path):
        must_not_be_own(opened.root, place, f"output {text}")
    return place


def output_again(opened: "Reading", record: "JobRecord") -> str | None:
    """The address of a job's output where its record had to hide something of it and a datastore still has it."""
    from bep.runner.transfer.addresses import has_hidden

    if not has_hidden(record.output_address) or not record.output_text.startswith("azureml:"):
        return None
    return str(_datastore(opened, record.output_text))
