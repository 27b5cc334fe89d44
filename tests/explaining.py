"""Makes the examples of `bep explain`: a workspace with the lines of one in it, and the codes that bep finds there."""

from collections.abc import Mapping
from pathlib import Path

from bep import api
from bep.app.specs.validating import check_specs
from bep.app.workspace.opening import Source
from bep.schemas.explanations.explained import LINK, Example, Explanation, base

SCRIPT_THAT_WAITS = "import time\n\n\ndef run(mini_batch):\n    time.sleep(600)\n    return mini_batch\n"


def lay(folder: Path, one: Explanation, example: Example) -> None:
    """Write the workspace of an example, in a folder that may have the one before."""
    given = {**one.entry.get("files", {}), **({"code/score.py": SCRIPT_THAT_WAITS} if one.entry.get("running") else {})}
    for name in {*base(), *given, *one.wrong, *one.right}:
        written = folder / name
        if not name.startswith("-") and (written.is_symlink() or written.is_file()):
            written.unlink()
    for name, text in {**base(), **given}.items():
        if name not in example:
            _write(folder / name, text, one)
    for name, changed in example.items():
        if changed is not None and not name.startswith("-"):
            merges = name.endswith(".yml") and name in base() and not one.entry.get("whole")
            _write(folder / name, merged(base()[name], changed) if merges else changed, one)


def _write(path: Path, text: str, one: Explanation) -> None:
    if path.is_dir():
        path.rmdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    if text.startswith(LINK):
        path.symlink_to(text.removeprefix(LINK))
    else:
        path.write_bytes(text.encode(one.entry.get("encoding", "utf-8")))


def merged(text: str, lines: str) -> str:
    """A text of YAML with lines in place of those with the same key at its left edge, and the others behind it."""
    return "".join({**_by_key(text), **_by_key(lines)}.values())


def _by_key(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines(keepends=True):
        if not line[0].isspace():
            key = line.partition(":")[0]
        found[key] = found.get(key, "") + line
    return found


def codes(folder: Path, one: Explanation, example: Example) -> set[str]:
    """The codes that bep finds in a workspace that was laid."""
    match one.asked:
        case "validate":
            return _validated(folder, ())
        case "job" | "file":
            return _validated(folder, (str(folder / one.entry.get("file", "job.yml")),))
        case "run":
            return _previewed(folder, _options(example))
    return _planned(folder, _options(example))


def _options(example: Example) -> Mapping[str, str]:
    return {name.removeprefix("--"): value for name, value in example.items() if name.startswith("--") and value}


def _validated(folder: Path, paths: tuple[str, ...]) -> set[str]:
    source = Source(paths, as_part=bool(paths))
    return {finding.code for finding in check_specs(source, folder).findings}


def _previewed(folder: Path, options: Mapping[str, str]) -> set[str]:
    ours = api.Workspace.open(folder)
    settings = dict([options["set"].split("=", 1)]) if "set" in options else {}
    try:
        ours.jobs.preview(folder / "job.yml", settings=settings)
    except api.BepError as problem:
        return {finding.code for finding in problem.findings}
    return set()


def _planned(folder: Path, options: Mapping[str, str]) -> set[str]:
    targets = [options["target"]] if "target" in options else []
    try:
        ours = api.Workspace.open(folder, provider=options.get("provider", ""))
        return {finding.code for finding in ours.plan(targets=targets).findings}
    except api.BepError as problem:
        return {finding.code for finding in problem.findings}


def prepare(folder: Path, one: Explanation) -> None:
    """What is there before an example is looked at: applied specs, an object that the state forgot, a job."""
    if one.asked not in ("plan", "run"):
        return
    lay(folder, one, one.entry.get("before", {}))
    ours = api.Workspace.open(folder)
    ours.apply(confirm=api.approve).check()
    if one.entry.get("running"):
        ours.jobs.run(folder / "job.yml", name="waits", wait=False)
    if one.entry.get("forgotten"):
        ours.state.remove(one.entry["forgotten"])


def repeated(one: Explanation, example: Example) -> Example:
    """The example as it is made: of a file that is too large only one line is written out."""
    times = one.entry.get("times", 1)
    return {name: text * times if text and example is one.wrong else text for name, text in example.items()}
