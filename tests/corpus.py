"""What each YAML file of a folder is taken for: `python -m tests.corpus FOLDER`, meant for a clone of azureml-examples.

Exits with 1 where a `$schema` of Azure ML and the verdict differ, or where something is taken for a batch endpoint or
deployment that neither its `$schema` nor its path calls one; unless `schemas/README.md` has the reason.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bep.schemas.specs.documents.detecting import detect
from bep.schemas.specs.documents.foreign import foreign, foreign_text
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.reading import read

REASONS = Path(__file__).parents[1] / "schemas" / "README.md"
MOST_REASONS = 10
NONE = ("not-supported", "not-a-spec")
BY_SCHEMA = {
    "batchendpoint": "endpoint",
    "batchdeployment": "deployment",
    "modelbatchdeployment": "deployment",
    "pipelinecomponentbatchdeployment": "deployment",
    "commandcomponent": "component",
    "pipelinecomponent": "component",
    "amlcompute": "compute",
    "data": "data",
    "dataset": "data",
    "model": "model",
    "environment": "environment",
    "azureblob": "datastore",
    "azurefile": "datastore",
    "azuredatalakegen1": "datastore",
    "azuredatalakegen2": "datastore",
}
"""The kind that Azure's own loader is asked for by each `$schema`; every other `$schema` is of none of bep's kinds."""


def main(folder: Path) -> int:
    """Judge every file; the exit code."""
    reasons = reasons_in(REASONS.read_text(encoding="utf-8"))
    assert len(reasons) <= MOST_REASONS, f"{len(reasons)} reasons, and at most {MOST_REASONS} may be"
    verdicts: Counter[str] = Counter()
    excused: Counter[str] = Counter()
    wrong = []
    for file in sorted(path for path in folder.rglob("*") if path.suffix in (".yml", ".yaml") and path.is_file()):
        name = file.relative_to(folder).as_posix()
        for verdict, url in judged(file.read_bytes(), name):
            verdicts[verdict] += 1
            if trouble := trouble_of(verdict, url, name):
                reason = next((reason for reason in reasons if re.search(reason, name)), None)
                excused.update([reason] if reason else [])
                wrong += [] if reason else [f"{name}: {trouble}"]
    for verdict, count in verdicts.most_common():
        print(f"{count:6} {verdict}")
    print(*(f"excused: {count} by {reason}" for reason, count in excused.items()), *wrong, sep="\n")
    return 1 if wrong else 0


def judged(content: bytes, name: str) -> Iterator[tuple[str, str]]:
    """What each document of a file is taken for (a kind, or the code of a finding), and its `$schema`."""
    written = read(content, name)
    if not written.documents:
        strange = foreign_text(written.text, name)
        yield (strange.code if strange else written.findings[0].code if written.findings else "empty-file"), ""
    for node in written.documents:
        yield taken_for(node), node.texts("$schema")


def taken_for(node: Node) -> str:
    """The kind of a document, or the code of the finding that it is none."""
    strange = foreign(node)
    if strange is not None:
        return strange.code
    if not isinstance(node.value, dict):
        return "not-a-mapping"
    kind, findings = detect(node)
    return kind or findings[0].code


def trouble_of(verdict: str, url: str, name: str) -> str:
    """What is wrong with a verdict, or nothing."""
    schema = url.rpartition("/")[2].partition(".")[0].lower()
    if url and schema in BY_SCHEMA:
        return "" if verdict == BY_SCHEMA[schema] else f"{schema} is taken for {verdict}"
    if url:
        return "" if verdict in NONE else f"{schema} is taken for {verdict}"
    is_batch = verdict in ("endpoint", "deployment")
    return f"is taken for {verdict}" if is_batch and "batch" not in name else ""


def reasons_in(text: str) -> list[str]:
    """The patterns of file names in the first column of the table of differences."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
