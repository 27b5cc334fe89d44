"""A record of a prepared job where it was not prepared: its manifest and its document, fetched. Scores nothing."""

import os
import sys
from pathlib import Path
from typing import Final

from bep.runner.errors import JobInvalid, NotShared
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status, save
from bep.runner.inputs import listing
from bep.runner.request import ScoringTarget
from bep.runner.shards import prepared
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.seen import Shared

_FILES: Final = (prepared.MANIFEST, prepared.INDEX)
_MAY_BE: Final = (prepared.PARTITIONS, prepared.ORIGINS)


def adopt(shared: Shared, folder: JobFolder, output: Path, output_text: str, workspace: Path) -> JobRecord:
    """Make the folder of a job that was prepared elsewhere; its output is to go to the folder `output`.

    The record is written last: a kill before it leaves a folder that is no job. Raises `JobInvalid` where there is a
    job already, or the share has no such prepared job, `ShareRefused`, `JobDamaged`.
    """
    document = shared.document()
    with folder.held():
        if folder.record.exists():
            raise JobInvalid(f"there is a job {shared.name} already, in {folder.path}: choose another workspace")
        folder.make()
        for name in (*_FILES, *_MAY_BE):
            try:
                shared.share.get(shared.place(name), folder.path / name)
            except NotShared:
                if name in _FILES:
                    raise
        record = _record(document, shared, folder, output, output_text, workspace)
        listed = listing.recorded(folder, record)
        assert listed is not None  # its index was fetched just now
        listed.verify()
        save(record)
        return record


def _record(
    document: Prepared, shared: Shared, folder: JobFolder, output: Path, output_text: str, workspace: Path
) -> JobRecord:
    target, settings = document.target, document.settings
    return JobRecord(
        name=document.name,
        status=Status.NOT_STARTED,
        target=ScoringTarget(
            endpoint=target.endpoint,
            deployment=target.deployment,
            deployment_digest=target.deployment_digest,
            model=target.model_address,
            code_name=target.code_name,
            scoring_script=target.scoring_script,
            environment=target.environment.label,
            interpreter=(sys.executable,) if target.environment.asks is None else (),
            environment_variables=dict.fromkeys((*target.variables, *target.secret_variables), ""),
            secret_variables=target.secret_variables,
        ),
        settings=settings,
        overrides=document.overrides,
        inputs=document.inputs,
        input_type=document.input_type,
        partition_format=document.partition_format,
        input_text=document.input_text,
        manifest_digest=document.manifest_digest,
        folder=folder.path,
        output_folder=output,
        output_text=output_text,
        output_file=output / settings.output_file_name if settings.output_action == "append_row" else None,
        created=document.created,
        counts=document.counts,
        process=os.getpid(),
        workspace=workspace,
        share=shared.share.address,
    )
