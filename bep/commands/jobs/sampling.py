"""`bep run --sample N`: a few items on the terminal, to see what a script does. Keeps nothing."""

from typing import TYPE_CHECKING

from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.jobs.sampled import Sampled
    from bep.app.workspace.opening import Opened


def take_sample(opened: "Opened", source: "JobSource", items: int, *, debug: bool) -> None:
    """Resolve as a job does, score the first items here, say how it went. Ends in `Stop` unless all was scored."""
    from bep.app.jobs.requests.loading import loaded_job
    from bep.app.jobs.service import jobs_of
    from bep.commands.showing_findings import say_findings

    console = Console()
    loaded = loaded_job(opened, source)
    say_findings(console, loaded.findings, loaded.sources)
    assert loaded.job is not None  # loaded_job raises otherwise
    show = (lambda line: console.result(_text(line))), (lambda line: console.say(_text(line)))
    sampled = jobs_of(opened).sample(loaded.job, items, console.say, debug=debug, show=None if debug else show)
    _conclude(console, sampled)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").removesuffix("\n")


def _conclude(console: Console, sampled: "Sampled") -> None:
    if sampled.written:
        shown = ", ".join(sampled.written[:5])
        more = ", ..." if len(sampled.written) > 5 else ""
        console.say(f"sample: written for the output, and gone now: {shown}{more}")
    match sampled.code:
        case 0:
            return
        case 130:
            raise Stop(ExitCode.CANCELLED)
        case code if code < 0:
            import signal

            name = signal.Signals(-code).name
            raise Stop(ExitCode.ERROR, f"the process died of {name}: memory that ran out, or a crash in native code")
        case code if code > 2:
            raise Stop(ExitCode.ERROR, f"the process ended with exit code {code}: the script exited by itself")
    raise Stop(ExitCode.ERROR)
