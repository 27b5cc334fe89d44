"""The manual is true: bep reads its YAML, its messages are bep's own, its links lead somewhere, nothing is missing."""

import ast
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bep import cli
from bep.app.workspace.files import WorkspaceFiles
from bep.cli import run
from bep.disk import modes
from bep.schemas.job.job import load_job
from bep.schemas.kinds.published import followed, schema_of
from tests.bep.conftest import Workspace
from tests.bep.plans.test_adopt import drift
from tests.reference import DOCS, pages

ROOT = DOCS.parent
README = ROOT / "README.md"
GUIDE = (ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md")
PAGES = (README, *sorted(DOCS.rglob("*.md")))
ROOMS = ("bep", "planner", "providers", "runner", "schemas")
BESIDE: Mapping[str, str] = {
    "code/score.py": "def run(mini_batch):\n    return [1] * len(mini_batch)\n",
    "model/weights.txt": "1\n",
    "conda.yml": "dependencies: []\n",
    "owners.py": "def check(plan):\n    return True\n",
    "names.yml": "our-features: features\n",
    "deployment-draft.yml": "name: draft\n",
    "wheels/features-1.0-py3-none-any.whl": "a wheel\n",
}
"""What the specs of the README name besides themselves."""
LEFT_OUT = re.compile(
    r"provider\.azure|state\.azure_blob|^stages\.(provider|state)\.|^environments\.|^notify\.(completed|drift)\."
)
"""What is not there yet, and what a stage, an environment or a second event says in the same words as elsewhere."""


@dataclass(frozen=True)
class Block:
    """A block of YAML, the file that its first line names, and the section that it stands in."""

    page: Path
    section: int
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.stem}-{self.section}-{self.file}"


def blocks(page: Path) -> list[Block]:
    """The blocks of YAML on a page."""
    found = []
    for number, section in enumerate(re.split(r"^## ", page.read_text(), flags=re.MULTILINE)):
        for text in re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            name = re.match(r"# ([\w.-]+)", text)
            assert name, f"{page}: the first line of a block of YAML names its file, such as # bep.yml:\n{text}"
            found.append(Block(page, number, name[1], text))
    return found


EVERY = [block for page in PAGES for block in blocks(page)]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The workspace of the README, without its jobs' outputs; environment variables of any block are set."""
    for name, text in (*BESIDE.items(), *((block.file, block.text) for block in blocks(README))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    modes.ask_for(modes.PRIVATE)  # a bep.yml may ask for another, once a process


@pytest.mark.parametrize("block", EVERY, ids=str)
def test_yaml_is_right(
    block: Block, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bep.providers.azure.world.lacking", lambda extra: ())  # a page is right whatever is installed
    around = [other for other in blocks(block.page) if other.section == block.section]
    for one in [*reversed(around), block]:  # the first of each name stands, but for the block itself
        (small / one.file).write_text(one.text)
        for variable in re.findall(r"env\.(\w+)", one.text):
            monkeypatch.setenv(variable, "a-word")
    if block.file.startswith("job"):
        loaded = load_job(WorkspaceFiles(small), block.file, changes={}, variables={}, environment={})
        assert loaded.findings == ()
    else:
        code = run(["validate"])
        said = capsys.readouterr().out
        assert (code, said.count("\n")) == (0, 1), said


@pytest.mark.parametrize(
    ("page", "schema"),
    [("bep-yml.md", "workspace"), ("policies.md", "policies"), ("job-yml.md", "job"), ("x-bep.md", "extension")],
)
def test_every_word_is_on_its_page_in_yaml_that_is_read(page: str, schema: str) -> None:
    documents = [document for block in blocks(DOCS / page) for document in yaml.safe_load_all(block.text)]
    if schema == "extension":
        documents = [document.get("x-bep", {}) for document in documents]
    used = {path for document in documents for path in _used(schema_of(schema), schema, document)}
    declared = {path for path in _declared(schema_of(schema), schema) if not LEFT_OUT.search(path)}
    assert sorted(declared - used) == []


def _declared(node: Mapping[str, Any], schema: str, path: str = "") -> Iterator[str]:
    """Every field of a schema, dotted."""
    for name, below in node.get("properties", {}).items():
        yield f"{path}{name}"
        yield from _declared(*followed(below, schema), f"{path}{name}.")
    for below in _inside(node):
        yield from _declared(*followed(below, schema), path)


def _used(node: Mapping[str, Any], schema: str, value: Any, path: str = "") -> Iterator[str]:
    """The fields of a schema that a document has."""
    fields = node.get("properties", {})
    for name, below in value.items() if isinstance(value, Mapping) else ():
        if name in fields:
            yield f"{path}{name}"
            yield from _used(*followed(fields[name], schema), below, f"{path}{name}.")
        elif isinstance(node.get("additionalProperties"), Mapping):
            yield from _used(*followed(node["additionalProperties"], schema), below, path)
    for item in value if isinstance(value, list) and "items" in node else ():
        yield from _used(*followed(node["items"], schema), item, path)
    for alternative in node.get("anyOf", ()):
        yield from _used(*followed(alternative, schema), value, path)


def _inside(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [node.get("items"), node.get("additionalProperties"), *node.get("anyOf", ())]
    return [each for each in found if isinstance(each, Mapping)]


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_as_the_sources_are(name: str) -> None:
    assert (DOCS / name).read_text() == pages()[name], "python -m tests.reference writes it"


def test_every_message_of_the_troubleshooting_page_is_one_of_bep() -> None:
    said = list(_templates())
    headings = re.findall(r"^### `(.*)`$", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE)
    assert len(headings) > 30
    unknown = [
        heading
        for heading in headings
        if not any(all(piece.strip() in template for piece in heading.split("…")) for template in said)
    ]
    assert unknown == []


def _templates() -> Iterator[str]:
    """Every text in bep's sources, with `…` for what is put in."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


@pytest.mark.parametrize("page", [*PAGES, *GUIDE], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    dead = []
    for link in re.findall(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)", text):
        place, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / place if place else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert dead == []


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as mkdocs makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE):
        plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
        found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()))
    return found


SCRIPT = """\
import os

def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as image:
            if not image.read():
                raise ValueError("empty image")
        rows.append(os.path.basename(path))
    return rows
"""


def test_what_the_readme_shows_is_what_is_seen(small: Path) -> None:
    (small / "code/score.py").write_text(SCRIPT)
    (small / "images").mkdir()
    for number in range(95):
        (small / f"images/{number:03d}.png").write_text("" if number == 41 else "1")
    settings = small / "deployment.yml"
    today = settings.read_text()
    settings.write_text(today.replace("mini_batch_size: 20", "mini_batch_size: 10"))
    workspace = Workspace(small)
    workspace.bep("apply", "-y")
    settings.write_text(today)
    drift(workspace, "compute/cpu-cluster", {("max_instances",): 4})
    shown = re.findall(r"^```text\n\$ bep (.*?)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert [words.split()[0] for words, _ in shown] == ["plan", "run"]
    for words, excerpt in shown:
        if words.startswith("run"):
            workspace.bep("apply", "-y")
        done = workspace.bep(*words.split())
        seen = iter([_timeless(line) for line in (done.stderr + done.stdout).splitlines()])
        missing = [line for line in map(_timeless, excerpt.splitlines()) if line not in seen]
        assert missing == [], done.stderr + done.stdout


def _timeless(line: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|\d+\.\d s", "TIME", line.rstrip())


@pytest.mark.parametrize("page", [*PAGES, *GUIDE], ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_take_the_options_that_are_named(page: Path) -> None:
    group = typer.main.get_command(cli.application())
    text = re.sub(r"^#.*$", "", page.read_text().partition("\n## Not there yet\n")[0], flags=re.MULTILINE)
    named = re.findall(r"`(bep [^`\n]+)`|^(?:\$| {1,4}) *(bep [a-z].*)$", text, re.MULTILINE)
    wrong = [line for line in map("".join, named) if not _is_taken(group, line)]
    assert wrong == []


def _is_taken(group: Any, line: str) -> bool:
    """Whether bep has the command and every option of a line, as far as a remark, a pipe or a second command."""
    words = re.split(r"[|>&]| {2,}|…| \.\.\.", line)[0].replace("`", "").split()[1:]
    options, command = _options(group), group
    for place, word in enumerate(words):
        if word == "-":  # standard input
            continue
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return False
        elif hasattr(command, "get_command") and re.fullmatch(r"[a-z]+,?", word):
            below = command.get_command(typer.Context(command), word.rstrip(","))
            if below is None:
                return place > 0 and words[place - 1] in ("--stage", "-S", "--provider", "-C", "--chdir")
            if not word.endswith(","):
                command, options = below, options | _options(below)
    return True


def _options(command: Any) -> set[str]:
    return {"--help", "-h", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}


@pytest.mark.parametrize("page", [DOCS / "architecture.md", *GUIDE], ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    named = re.findall(r"`((?:bep|schemas|planner|providers|runner|tests|docs)/[\w./-]+)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_page_has_its_place_in_the_manual() -> None:
    placed = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(placed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_the_page_of_the_architecture_has_every_package() -> None:
    told = set(re.findall(r"`(bep[\w.]*)`", (DOCS / "architecture.md").read_text()))
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(pyproject["tool"]["setuptools"]["packages"]) - told == set(), "give each a row there"
