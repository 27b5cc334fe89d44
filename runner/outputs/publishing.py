"""Where a job's output appears: a folder of this machine, or a store. Knows what may stand there; counts no rows."""

from typing import TYPE_CHECKING

from bep.runner.errors import NotUploaded, OutputExists
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord
from bep.runner.outputs import assembling
from bep.runner.request import JobRequest
from bep.runner.transfer.addresses import has_hidden
from bep.runner.transfer.transfers import Board

if TYPE_CHECKING:
    from bep.runner.transfer.uploading import Upload


def is_published(record: JobRecord, request: JobRequest, folder: JobFolder, board: Board) -> bool:
    """Whether an earlier run was ended just after it had published; asked before any work.

    Raises `OutputExists` where the output would stand over something that is not the job's own, and `NotUploaded`
    where its store cannot be opened, `Cancelled`.
    """
    target = record.output_file
    if request.output_address:
        if target:
            _upload(request, folder).refuse_taken(target.name, board)
        return False
    published = target is not None and assembling.is_published(assembling.partial(target, record.name), target)
    if target and target.exists() and not published and not record.rewrites:
        raise OutputExists(f"{target} exists already and is never overwritten: choose another output_file_name or path")
    return published


def publish(record: JobRecord, request: JobRequest, folder: JobFolder, board: Board) -> None:
    """Give the assembled output its name, here and then in the store, with the script's own files before it.

    The job's folder keeps what a store has got: `bep job download` needs no store. Raises `OutputExists`,
    `NotUploaded`, `Cancelled`; the next run publishes the rest.
    """
    target = record.output_file
    if target:
        is_own = record.rewrites or request.output_address
        (assembling.replace if is_own else assembling.publish)(assembling.partial(target, record.name), target)
    if request.output_address:
        _upload(request, folder).send(target.name if target else None, board)


def _upload(request: JobRequest, folder: JobFolder) -> "Upload":
    from bep.runner.transfer.uploading import upload

    if has_hidden(request.output_address):
        raise NotUploaded(
            f"{request.output_address}: the job's record keeps no secret of an address, so this can be written to no "
            "more; a download copies what was scored"
        )
    return upload(request.output_address, request.output_folder, folder.uploads, request.name)
