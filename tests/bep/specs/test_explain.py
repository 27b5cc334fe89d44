"""`bep explain`: every code that bep can say has an explanation, and every example says what it is said to."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.schemas.explanations.explained import CHECK, Explanation, explanations
from tests import explaining
from tests.bep.conftest import Workspace

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("schemas", "planner", "providers", "bep")
WITHOUT_EXAMPLE = {
    *(
        "cluster-not-reached",
        "code-not-there",
        "command-refused",
        "declares-nothing",
        "endpoint-name-taken",
        "in-progress",
        "missing-extra",
        "not-available",
        "not-for-a-service",
        "not-in-a-parallel-job",
        "not-in-a-template",
        "not-looked-at",
        "not-sent",
        "quota-exceeded",
        "ray-not-here",
        "refused-by-azure",
        "share-not-writable",
        "size-not-offered",
    )
}
"""What has no example: an option asks for it, no way to it is known here, another program has to be at work, what Azure
publishes, a cluster or what is installed decides, or no validation and no plan says it."""
EXAMPLES = [one for one in explanations().values() if one.code not in WITHOUT_EXAMPLE]
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+|protected")
NO_CODES = {"azureml-parallel", "x-bep", "azureml-sdk", "x-ms-correlation-request-id"}


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.code)
def test_the_wrong_example_has_the_code_and_the_right_one_has_not(
    one: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in one.entry.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    explaining.prepare(tmp_path, one)
    try:
        explaining.lay(tmp_path, one, explaining.repeated(one, one.wrong))
        assert one.code in explaining.codes(tmp_path, one, one.wrong)
        explaining.lay(tmp_path, one, one.right)
        assert one.code not in explaining.codes(tmp_path, one, one.right)
    finally:
        if one.entry.get("running"):
            Workspace(tmp_path).bep("job", "cancel", "waits", "--force")


def said() -> Iterator[str]:
    """Every code that the code says: what is given where a function or a value takes a `code`, and constants of it."""
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in sources()]
    takes = dict(pair for module in modules for pair in parameters(module))
    constants = {name: value for module in modules for name, value in constant_texts(module)}
    for module in modules:
        named = {
            alias.asname: alias.name
            for node in ast.walk(module)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }
        for given in (given for node in ast.walk(module) for given in codes_given(node, takes)):
            for one in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value
                elif isinstance(one, ast.Name):
                    yield constants.get(named.get(one.id, one.id), "")


def sources() -> Iterator[Path]:
    linked = {ROOT / "bep" / name for name in ("schemas", "planner", "providers", "runner")}
    for room in ROOMS:
        yield from (path for path in sorted((ROOT / room).rglob("*.py")) if linked.isdisjoint(path.parents))


def parameters(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions and values that take a code, and at which place."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if "code" in names and node.name != "__init__":
                yield node.name, names.index("code") - (names[0] == "self")
        elif isinstance(node, ast.ClassDef):
            declared = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
            fields = [target.id for target in declared if isinstance(target, ast.Name)]
            if "code" in fields:
                yield node.name, fields.index("code")


def constant_texts(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(targets[0], ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield targets[0].id, value.value


def codes_given(node: ast.AST, takes: dict[str, int]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "Risk":  # no finding: docs/plan-review.md has each, and another test holds that
            return
        yield from (word.value for word in node.keywords if word.arg == "code")
        if name in takes and len(node.args) > takes[name]:
            yield node.args[takes[name]]
    elif isinstance(node, ast.Tuple) and len(node.elts) == 3:  # code, message and fix of what a schema refuses
        yield node.elts[0]


def test_every_code_is_explained() -> None:
    every = {code for code in said() if CODE.fullmatch(code)} - NO_CODES
    assert len(every) > 100
    assert every - explanations().keys() == set()


def test_nothing_else_is_explained() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sources())
    of_two_parts = {"unknown-endpoint", "unknown-deployment", "shared-state", "shared-world"}
    assert {code for code in explanations() if f'"{code}"' not in texts} <= of_two_parts


@pytest.mark.parametrize("one", explanations().values(), ids=lambda one: one.code)
def test_an_explanation_is_a_paragraph_and_two_examples(one: Explanation) -> None:
    assert one.why[-1] == "."
    assert "\n" not in one.why
    assert one.code in WITHOUT_EXAMPLE or (one.wrong and one.right)


def test_one_code(workspace: Workspace) -> None:
    told = workspace.bep("explain", "traffic-share").stdout
    assert told.startswith("traffic-share\n\nA batch endpoint sends a job to one deployment")
    assert "Wrong, in endpoint.yml:\n\n    kind: endpoint\n" in told
    assert "Right, in endpoint.yml:" in told
    assert json.loads(workspace.bep("explain", "traffic-share", "--json").stdout)["code"] == "traffic-share"


def test_every_code(workspace: Workspace) -> None:
    lines = workspace.bep("explain").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == sorted(explanations())
    found = json.loads(workspace.bep("explain", "--json").stdout)
    assert {one["code"] for one in found} == set(explanations())


def test_the_code_of_a_named_check_is_that_of_a_check(workspace: Workspace) -> None:
    assert workspace.bep("explain", f"{CHECK}enough-instances").stdout.startswith("check-failed\n")


def test_a_code_that_is_none_is_answered_with_those_like_it(workspace: Workspace) -> None:
    told = workspace.bep("explain", "unresolved", expect=1).stderr
    assert "no finding has the code 'unresolved'. Did you mean 'unresolved-reference'?" in told
