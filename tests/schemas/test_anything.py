"""Any bytes give findings: never a traceback, never a hang."""

# ruff: noqa: E501

from collections.abc import Mapping, Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from bep.schemas.findings.rendering import findings_github, findings_json, findings_text
from bep.schemas.job.job import load_job
from bep.schemas.resource import Content
from bep.schemas.specs.loading import Loaded, load
from bep.schemas.yaml.node import plain
from bep.schemas.yaml.reading import FAST_LOADER, PureLoader, read
from tests.schemas.specs.test_dialects import DEPLOYMENT_2021, ENDPOINT_2021, ENDPOINT_TODAY, FLAT, NESTED

BEP = (
    "workspace: taxi\nprovider: {local: {}}\nstate: {file: a.json}\nspecs:\n  - a.yml\n  - {file: b.yml, endpoint: mybatchedp}\n"
    "variables:\n  n: {type: integer, default: 1}\n"
)
SAYINGS = (
    "workspace: taxi\nspecs: [a.yml, b.yml]\nimports: [compute/cpu-cluster]\n"
    "moved: [{from: compute/old, to: compute/cpu-cluster}]\nremoved: [{address: model/a/1, destroy: false}]\n"
    "preconditions:\n  - {address: compute/cpu-cluster, query: max_instances > `1`, message: few}\n"
    "outputs:\n  most: {address: compute/cpu-cluster, query: max_instances}\n"
    "stages:\n  dev: {variables: {n: 2}, state: {file: s.json}}\ndefault_stage: dev\n"
    "variables:\n  n: {type: integer, default: 1}\n"
)
DATASTORE = (
    "name: blob\ntype: azure_blob\naccount_name: a\ncontainer_name: b\ncredentials: {account_key: '${{ env.KEY }}'}\n"
    "---\nname: cpu-cluster\ntype: amlcompute\nmax_instances: ${{ var.n }}\n"
    "---\nkind: data\nname: d\nversion: 1.10\npath: azureml://datastores/blob/paths/x\n"
)
JOB = (
    "kind: job\nendpoint: mybatchedp\ninputs: {images: {type: uri_folder, path: ./images}}\n"
    "outputs: {score: {path: azureml://datastores/workspaceblobstore/paths/o, format: csv}}\n"
    "settings: {mini_batch_size: 10, retry_settings: {max_retries: 1}}\n"
)
SPECS = (ENDPOINT_2021, DEPLOYMENT_2021, ENDPOINT_TODAY, FLAT, NESTED, DATASTORE, BEP, SAYINGS, JOB)
PIECES = tuple(dict.fromkeys(word for spec in SPECS for word in spec.replace("\n", " \n ").split(" ") if word))
ODD = (
    *(
        "null",
        "~",
        "[]",
        "{}",
        "[{}]",
        "{a: {}}",
        "1.5",
        "-1",
        "1e400",
        "yes",
        "010",
        "''",
        "'a\\u0000'",
        "&a",
        "*a",
        "!!str",
        "!x",
        "<<:",
    ),
    *(
        "? ",
        "- ",
        ": ",
        "#",
        "|",
        ">",
        "\t",
        "%",
        "---",
        "...",
        "\ufeff",
        "\x85",
        "é",
        "😀",
        "/",
        "..",
        "azureml:",
        "azureml://",
        "@latest",
    ),
    *(
        "file:",
        "${{ var.n }}",
        "${{ env.KEY }}",
        "${{",
        "}}",
        "9" * 5000,
        "a" * 300,
        "azureml:a:1:2",
        "/subscriptions/x",
        "${{ var. }}",
    ),
)


class OneTree:
    """`Files` where every path that has no text of its own is a script, a folder with one, or not there."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def read(self, path: str) -> bytes:
        if path.endswith(".py"):
            return b"def run(mini_batch):\n    return mini_batch\n"
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]

    def exists(self, path: str) -> bool:
        if "\0" in path:
            raise ValueError("embedded null byte")
        return path in self.files or path.startswith("mnist") or len(path) % 2 == 0

    def is_folder(self, path: str) -> bool:
        return path not in self.files

    def glob(self, pattern: str) -> Sequence[str]:
        return sorted(self.files)

    def content(self, path: str) -> Content:
        return Content(path, "0" * 64, {"MLmodel": "1", "digit_identification.py": "2"}, path)

    def names(self, folder: str) -> Sequence[str]:
        return sorted(self.files)


def everything(files: Mapping[str, bytes]) -> Loaded:
    """Load it, and write what was found in every form."""
    tree = OneTree(files)
    loaded = load(tree, paths=(), variables={}, environment={"KEY": "k"}, known=lambda kind: ())
    findings_text(loaded.findings, loaded.sources, colour=True).encode()
    findings_json(loaded.findings).encode()
    findings_github(loaded.findings).encode()
    if "job.yml" in files:
        changes = {"retry_settings.max_retries": "2", "input": ["x"]}
        load_job(tree, "job.yml", changes=changes, variables={}, environment={})
    return loaded


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid spec with some of its words replaced, dropped, doubled or indented otherwise."""
    lines = draw(st.sampled_from(SPECS)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        word = draw(st.integers(0, len(words) - 1))
        change = draw(st.sampled_from(("replace", "odd", "drop", "double", "indent", "line")))
        if change == "replace":
            words[word] = draw(st.sampled_from(PIECES))
        elif change == "odd":
            words[word] = draw(st.sampled_from(ODD))
        elif change == "drop":
            del words[word]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "indent":
            words.insert(0, " " * draw(st.integers(0, 4)))
        lines[at] = " ".join(words)
        if change == "line":
            lines[at] = ""
    return "\n".join(lines)


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes(content: bytes) -> None:
    everything({"bep.yml": BEP.encode(), "a.yml": content, "b.yml": content, "job.yml": content})
    loaded = everything({"bep.yml": content})
    assert loaded.findings or not loaded.resources


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    assert not everything({"bep.yml": BEP.encode(), "a.yml": content}).resources
    everything({"bep.yml": content, "a.yml": content, "job.yml": content})


@given(st.lists(st.sampled_from(PIECES + ODD + ("\n", "\n  ", "\n    ")), max_size=60))
def test_words_in_any_order(words: list[str]) -> None:
    content = " ".join(words).encode("utf-8", "surrogatepass")
    everything({"bep.yml": BEP.encode(), "a.yml": content, "b.yml": content})
    everything({"bep.yml": content, "job.yml": content})


@given(mutated(), mutated(), mutated())
def test_nearly_valid(first: str, second: str, workspace: str) -> None:
    specs = {"a.yml": first.encode(), "b.yml": second.encode(), "job.yml": first.encode()}
    loaded = everything({"bep.yml": BEP.encode(), **specs})
    assert all(f.fix and f.code == f.code.lower() and f.message for f in loaded.findings)
    everything({"bep.yml": workspace.encode(), **specs})


@given(mutated())
def test_both_loaders_read_the_same(text: str) -> None:
    """But for tabs between values and marks of byte order inside a text: libyaml takes more of them than PyYAML."""
    assume("\t" not in text and "\ufeff" not in text)
    fast, pure = read(text.encode(), "a.yml", loader=FAST_LOADER), read(text.encode(), "a.yml", loader=PureLoader)
    assert [plain(d) for d in fast.documents] == [plain(d) for d in pure.documents]
    assert fast.findings == pure.findings
