"""YAML to nodes: what scalars mean, where things stand, and what is refused."""

from typing import Any

import pytest

from bep.schemas.mark import Mark
from bep.schemas.yaml.node import faithful, plain
from bep.schemas.yaml.reading import FAST_LOADER, MOST_BYTES, SMALL, PureLoader, Written, read
from tests.schemas.conftest import Workbench

LOADERS = [pytest.param(FAST_LOADER, id="libyaml"), pytest.param(PureLoader, id="pure")]


def codes(written: Written) -> list[str]:
    return [f.code for f in written.findings]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("''", ""),
        ("'1'", "1"),
        ("yes", "yes"),
        ("off", "off"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2021-08-11", "2021-08-11"),
        ("2021-08-11T10:00:00Z", "2021-08-11T10:00:00Z"),
        (".inf", ".inf"),
        (".5", ".5"),
        ("1e400", "1e400"),
        ("9" * 30, "9" * 30),
        ("!!str 1", "1"),
        ("!!int 1", 1),
        ("=", "="),
    ],
)
def test_what_a_scalar_means(text: str, value: Any, loader: Any) -> None:
    written = read(f"a: {text}\n".encode(), "a.yml", loader=loader)
    assert written.findings == ()
    found = written.documents[0].value["a"].value
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("version", ["1", "1.10", "2021.08", "1e3", "007", "1_0", "true"])
def test_versions_keep_their_text(version: str, article: Workbench) -> None:
    article.write("m.yml", f"kind: model\nname: m\nversion: {version}\npath: mnist/models\n")
    loaded = article.load("m.yml")
    if version == "true":
        assert [f.message for f in loaded.findings] == ["version must be text or a number, not true"]
    else:
        assert [r.attributes["version"] for r in loaded.resources] == [version]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        (b"a: !x 1\n", "unknown-tag", 1, 4),
        (b"a: !!python/object:os.system {}\n", "unknown-tag", 1, 4),
        (b"? {a: 1}\n: 2\n", "key-not-text", 1, 3),
        (b"a: &a\n  b: *a\n", "alias-cycle", 2, 6),
        (b"<<: 1\n", "bad-merge", 1, 5),
        (b"a: caf\xe9\n", "not-utf-8", 1, 7),
        (b"a: \x07\n", "yaml-syntax", 1, 4),
        (b"a: [1\n", "yaml-syntax", 1, 4),
        (b"[" * 101, "too-deep", 1, 101),
        (b"- " * 2000, "too-deep", 1, 201),
        (b"a: &x 1\nb: &x 2\n", "yaml-syntax", 2, 4),
        (b"a: 1\nb: *x\n", "yaml-syntax", 2, 4),
        (b"\xff\xfea\0", "not-utf-8", 1, 1),
        (b"%YAML 9.9\n---\na: 1\n", "yaml-syntax", 1, 1),
    ],
)
def test_what_is_refused_and_where(content: bytes, code: str, line: int, column: int, loader: Any) -> None:
    written = read(content, "a.yml", loader=loader)
    assert [(f.code, f.mark) for f in written.findings] == [(code, Mark("a.yml", line, column))]


@pytest.mark.parametrize("size", [0, SMALL], ids=["small", "large"])
@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('a: 1\nb: "x\nc: y\nd: z\n', 2, 4, "quote that opens here is not closed"),
        ("a: 1\nb: 'x\nc: ''\n", 2, 4, "quote that opens here is not closed"),
        ('"a: 1\nb: 2\n', 1, 1, "quote that opens here is not closed"),
        ('a: ["x, y]\nb: 2\n', 1, 5, "quote that opens here is not closed"),
        ('a: "x\n---\nb: 2\n', 1, 4, "quote that opens here is not closed"),
        ("a: 1\r\nb: 'x\r\nc: y\r\n", 2, 4, "quote that opens here is not closed"),
        ("a: [1, 2\nb: 3\nc: 4\n", 1, 4, "[ that opens here is not closed"),
        ("a: {x: 1\nb: 3\n", 1, 4, "{ that opens here is not closed"),
        ("a:\n  b: [1\n  c: [2]\nd: 3\n", 2, 6, "[ that opens here is not closed"),
        ("a: [1\n- b\n", 1, 4, "[ that opens here is not closed"),
        ("a: [1\n---\nb: 2\n", 1, 4, "[ that opens here is not closed"),
        ('{"a": [1, 2,\n"b": 3}\n', 1, 7, "[ that opens here is not closed"),
    ],
)
def test_what_is_not_closed_is_told_where_it_opens(text: str, line: int, column: int, said: str, size: int) -> None:
    [found] = read(f"{text}{'#' * size}".encode(), "a.yml").findings
    assert (found.code, found.mark) == ("yaml-syntax", Mark("a.yml", line, column))
    assert said in found.message


@pytest.mark.parametrize(
    ("text", "line"),
    [('a: 1\nb: "x\nc: "y"\nd: 1\n', 3), ("a: 1\nb: 'x\n\nc: ''\nd: 'y: z'\n", 5), ('a: 1\nb: "x\nc: "y: z"\n', 3)],
)
def test_a_quote_closed_by_the_next_one_is_told_where_it_opens(text: str, line: int) -> None:
    [found] = read(text.encode(), "a.yml").findings
    assert (found.code, found.mark) == ("yaml-syntax", Mark("a.yml", 2, 4))
    assert f"is closed only in line {line}" in found.message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [\n 1,\n {x: 1} {y: 2},\n]\n", 3, 9),
        ('{"a": 1,\n"b" 2}\n', 2, 5),
        ("a: {b: [1, 2}\n", 1, 13),
        ('a: "\\d"\n', 1, 6),
        ("a: 'it's'\n", 1, 8),
    ],
)
def test_what_is_closed_is_told_where_it_goes_wrong(text: str, line: int, column: int) -> None:
    [found] = read(text.encode(), "a.yml").findings
    assert (found.code, found.mark) == ("yaml-syntax", Mark("a.yml", line, column))


@pytest.mark.parametrize("size", [0, SMALL], ids=["small", "large"])
@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("d:\n - python=3.11\n   - pip:\n     - a\n", 3, 4, "item is indented more than the one above it"),
        ("d:\n - a\n- b\n", 3, 1, "indentation of this line fits nothing above it"),
        ("d:\n  - pip:\n      - a\n    - b\n", 4, 5, "indentation of this line fits nothing above it"),
        ("a:\n   b: 1\n  c: 2\n", 3, 3, "indentation of this line fits nothing above it"),
        ("- a\nb: 1\n", 2, 1, "indentation of this line fits nothing above it"),
        ("a: 1\n\n  b: 2\n", 3, 3, "field is indented more than the one above it"),
        ("- a: 1\n   b: 2\n", 2, 4, "field is indented more than the one above it"),
    ],
)
def test_an_indent_slip_is_named(text: str, line: int, column: int, said: str, size: int) -> None:
    [found] = read(f"{text}{'#' * size}".encode(), "a.yml").findings
    assert (found.code, found.mark) == ("yaml-syntax", Mark("a.yml", line, column))
    assert said in found.message


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "meant", "places"),
    [
        ("d:\n  - python=3.11\n    - pip\n", ["python=3.11", "pip"], [(3, 5)]),
        ("d:\n- a\n  b\n   - 3.10\n   - d\n- e\n", ["a b", 3.1, "d", "e"], [(4, 4), (5, 4)]),
        ("d:\n- pip:\n  - a\n    - b==1\n", [{"pip": ["a", "b==1"]}], [(4, 5)]),
        ("d:\n- 'a\n  - b'\n", ["a - b"], []),
        ("d: [a,\n b\n - c]\n", ["b - c"], []),
        ("d:\n- a - b\n", ["a - b"], []),
    ],
)
def test_an_item_indented_too_far_is_read_as_the_item_it_was_meant_to_be(
    text: str, meant: Any, places: list[tuple[int, int]], loader: Any
) -> None:
    written = read(text.encode(), "a.yml", loader=loader)
    assert [(f.code, f.mark) for f in written.findings] == [("indented-item", Mark("a.yml", *p)) for p in places]
    assert plain(written.documents[0])["d"][-len(meant) :] == meant


def test_one_alias_does_not_make_what_is_written_out_count() -> None:
    text = "a: &a {x: 1}\nb: *a\nc: [" + "1, " * 150_000 + "1]\n"
    assert codes(read(text.encode(), "a.yml")) == []


def test_a_document_may_be_large_but_not_too_large() -> None:
    line = b"- {a: 1, b: [x, y]}\n"
    assert codes(read(line * 20_000, "a.yml")) == []
    assert codes(read(b"#" * (MOST_BYTES + 1), "a.yml")) == ["too-large"]


@pytest.mark.parametrize("loader", LOADERS)
def test_aliases_may_not_multiply(loader: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 20)]
    assert codes(read("\n".join(lines).encode(), "a.yml", loader=loader)) == ["alias-bomb"]


@pytest.mark.parametrize("loader", LOADERS)
def test_merging_and_aliases(loader: Any) -> None:
    text = b"a: &a {x: 1, y: 2}\nb: &b {z: 3}\nc: {<<: [*a, *b], y: 9}\nd: *a\n"
    written = read(text, "a.yml", loader=loader)
    assert written.findings == ()
    assert plain(written.documents[0])["c"] == {"x": 1, "y": 9, "z": 3}
    assert plain(written.documents[0])["d"] == {"x": 1, "y": 2}


def test_marks_are_where_an_editor_shows_them() -> None:
    written = read("\ufeff# é\nä: 'ö'\nlist:\n- {k: v}\r\n---\nsecond: 1\n".encode(), "a.yml")
    first, second = written.documents
    assert first.value["ä"].mark == Mark("a.yml", 2, 4)
    assert first.value["list"].value[0].value["k"].key_mark == Mark("a.yml", 4, 4)
    assert second.value["second"].mark == Mark("a.yml", 6, 9)


def test_conda_files_keep_decimals() -> None:
    written = read(b"dependencies: [python=3.10]\nvariables: {V: 3.10, N: 3}\n", "conda.yml")
    assert faithful(written.documents[0]) == {"dependencies": ["python=3.10"], "variables": {"V": "3.10", "N": 3}}


@pytest.mark.parametrize(
    "text",
    [
        "${{" + " " * 200_000,
        "a-1" * 100_000,
        "x" * 300_000,
        "key: " * 50_000,
        "${{ var." + "a" * 200_000 + " }}",
        "/a" * 100_000,
    ],
    ids=["open-expression", "dashes", "long", "keys", "long-variable", "slashes"],
)
def test_long_values_are_no_trap(text: str, bench: Workbench) -> None:
    """Each would take minutes if some expression were searched for in a time that grows with the square."""
    from bep.schemas.findings.rendering import findings_text

    bench.write("bep.yml", "workspace: taxi\n")
    bench.write("a.yml", f"name: '{text}'\ntype: amlcompute\n? '{text}'\n: 1\n")
    bench.write(
        "b.yml", f"kind: model\nname: m\nversion: '{text}'\npath: '{text}'\nx-bep: {{depends_on: ['{text}']}}\n"
    )
    bench.write("c.yml", f"{text}: {text}\n{text}")
    loaded = bench.load()
    assert len(findings_text(loaded.findings, loaded.sources)) < 100_000
