"""Has the environment's own pyarrow write the rows of a job as a Parquet file. Knows processes; reads no row."""

import ast
import os
import subprocess
from pathlib import Path

from bep.runner.jobs.launching import environment_of
from bep.runner.processes.fleet import PROGRAM
from bep.runner.request import JobRequest
from bep.runner.worker.masking import forms, masked


def to_parquet(request: JobRequest, streams: Path, target: Path) -> list[str]:
    """Write `target`, durable when it returns; what the user should know of its columns. Raises `OSError`.

    The process dies with this one: an orphan would go on writing into the file that the resumed job makes.
    """
    target.unlink(missing_ok=True)
    theirs, ours = os.pipe()
    try:
        with subprocess.Popen(
            [*request.target.interpreter, str(PROGRAM), "parquet", str(theirs), str(streams), str(target)],
            env=environment_of(request),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs,),
            start_new_session=True,
        ) as process:
            hidden = forms(request.target.secrets)
            said, trouble = (masked(text.decode(errors="replace"), hidden) for text in process.communicate())
    finally:
        os.close(theirs)
        os.close(ours)
    if process.returncode:
        raise OSError(f"rows cannot be written as Parquet: {(trouble.strip() or 'killed').splitlines()[-1]}")
    return [ast.literal_eval(line) for line in said.splitlines() if line.startswith(("'", '"'))]
