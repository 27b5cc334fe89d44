"""Has the environment of a job make its output of the assembled rows. Knows processes; reads no row."""

import ast
import os
import subprocess
from pathlib import Path

from bep.runner.jobs.launching import environment_of
from bep.runner.processes.fleet import PROGRAM
from bep.runner.request import JobRequest
from bep.runner.worker.masking import forms, masked


def finish(request: JobRequest, rows: Path, target: Path) -> list[str]:
    """Write `target` in the job's format, durable when it returns; what the user should know of it. Raises `OSError`.

    The process dies with this one: an orphan would go on writing into the file that the resumed job makes.
    """
    output_format = request.settings.output_format
    target.unlink(missing_ok=True)
    theirs, ours = os.pipe()
    try:
        with subprocess.Popen(
            [*request.target.interpreter, str(PROGRAM), output_format, str(theirs), str(rows), str(target)],
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
        form = output_format.capitalize()
        raise OSError(f"rows cannot be written as {form}: {(trouble.strip() or 'killed').splitlines()[-1]}")
    return [ast.literal_eval(line) for line in said.splitlines() if line.startswith(("'", '"'))]
