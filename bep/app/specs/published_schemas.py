"""The published JSON Schemas, for editors and for other programs. Reads the package's own files."""

from pathlib import Path


def published() -> dict[str, str]:
    """Every published schema, name to text: of what may be written, of the formats that bep writes, of its events."""
    from importlib import resources

    from bep.schemas.kinds.kind import kind_names
    from bep.schemas.kinds.published import SPEC, editor_text, spec_text

    planner = resources.files("bep.planner.formats")
    written = {name: planner.joinpath(f"{name}.schema.json").read_text(encoding="utf-8") for name in ("plan", "state")}
    events = resources.files("bep.app").joinpath("events.schema.json")
    written["events"] = events.read_text(encoding="utf-8")
    written[SPEC] = spec_text()
    return {name: editor_text(name) for name in (*kind_names(), "workspace", "policies", "job", "extension")} | written


def export(folder: Path) -> list[Path]:
    """Write every schema into a folder, made if it is not there, as NAME.schema.json."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / f"{name}.schema.json": text for name, text in published().items()}
    for file, text in texts.items():
        file.write_text(text)
    return [*texts]
