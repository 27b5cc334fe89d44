"""`bep run --dry-run`: the resolved job, for a person or a machine. Runs nothing."""

from typing import TYPE_CHECKING, Any

from bep.command_words import spoken
from bep.console import Console
from bep.exit_codes import ExitCode, Stop
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.workspace.opening import Opened
    from bep.commands.jobs.results import Wish


def show_preview(opened: "Opened", source: "JobSource", *, json_output: bool, wish: "Wish") -> None:
    """Resolve and show. Ends in `Stop` when the job would be refused."""
    from bep.app.jobs.requests.loading import loaded_job
    from bep.app.jobs.service import jobs_of
    from bep.commands.showing_findings import say_findings

    console = Console()
    loaded = loaded_job(opened, source)
    say_findings(console, loaded.findings, loaded.sources)
    assert loaded.job is not None  # loaded_job raises otherwise
    found = jobs_of(opened).preview(loaded.job, source.changes)
    if json_output:
        console.result_json(found)
    elif wish:
        wish.show(console, found)
    else:
        console.result(as_text(found))
    if found["problems"]:
        steps = [step(each["use_case"], *each["arguments"], **each["options"]) for each in found["next"]]
        raise Stop(ExitCode.ERROR, spoken("the job would be refused: " + "; ".join(found["problems"]), steps))


def as_text(found: dict[str, Any]) -> str:
    """The preview in lines: what, with what, from where, to where; then the settings and who decided each."""
    why = "has the traffic" if found["chosen_by"] == "traffic" else "named"
    facts = [
        ("job", found["name"] or "named when it runs"),
        ("deployment", f"{found['endpoint']}/{found['deployment']} ({why})"),
        ("model", found["model"]),
        ("script", found["scoring_script"] or "none: the model is MLflow's, one file a call"),
        *_environment(found["environment"]),
        *_cluster(found.get("cluster")),
        ("input", ", ".join(found["inputs"])),
        ("items", _items(found)),
        ("output", _output(found["output"])),
    ]
    width = max(len(name) for name in found["settings"]) + 2
    settings = [
        f"  {name:<{width}}{_shown(setting['value']):<18}{setting['from']}"
        for name, setting in found["settings"].items()
    ]
    variables = [f"  {name:<{width}}{'(not shown)':<18}{who}" for name, who in found["environment_variables"].items()]
    lines = [f"{name:<13}{text}" for name, text in facts]
    lines += ["", "settings", *settings]
    lines += ["", "environment variables", *variables] if variables else []
    return "\n".join([*lines, "", "Nothing was run, built or written."])


def _cluster(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    if found is None:
        return []
    ways = [f"{name} {found[name]}" for name in ("address", "dashboard") if found[name]]
    about = f"{found['compute']}, Ray at {', '.join(ways)}: {_number(found['nodes'], 'node')}"
    return [("cluster", about), ("share", found["share"])]


def _environment(found: dict[str, Any]) -> list[tuple[str, str]]:
    match found["state"]:
        case "served":
            return [("environment", f"{found['label']}, which the service has")]
        case "nodes":
            asked = ", ".join(found["requirements"])
            what = f"{found['label']}, {f'built on each node: {asked}' if asked else 'of each node'}"
            return [("environment", what), *[("", note) for note in found["notes"]]]
        case "own":
            return [("environment", f"{found['label']} asks for nothing"), ("interpreter", found["interpreter"])]
        case "built":
            about = f"{found['label']}, built, Python {found['python']}"
            return [("environment", about), ("interpreter", found["interpreter"])]
    asked = ", ".join(found["requirements"]) or "nothing but Python"
    notes = [("", note) for note in found["notes"]]
    by = f"by {found['builder']}, " if found["builder"] != "pip" else ""
    python = f"with Python {found['python']}" if found["python"] else "with the newest Python that suits"
    return [("environment", f"{found['label']}, would be built {by}{python}: {asked}"), *notes]


def _items(found: dict[str, Any]) -> str:
    workers = _number(found["workers"], "worker")
    if found["items"] is None:
        return f"what the service finds there, in mini-batches of {found['items_per_call']}, {workers}"
    size = "the same keys" if found["items_per_call"] is None else found["items_per_call"]
    count = found["mini_batches"]
    batches = "mini-batches" if count is None else _number(count, "mini-batch", "mini-batches")
    first = f"; {_number(found['remote_inputs'], 'input')} would be fetched first" if found["remote_inputs"] else ""
    return f"{_number(found['items'], 'file')} in {batches} of {size}, {workers}{first}"


def _output(found: dict[str, Any]) -> str:
    if found["format"] is None:
        return f"{found['folder']} (what the script writes itself: summary_only)"
    return f"{found['file'] or found['folder']} ({found['format']})"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _number(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
