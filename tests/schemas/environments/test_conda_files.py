"""What a conda file may hold, in a file of its own and inline."""

from collections.abc import Callable

import pytest

from bep.schemas.findings.finding import errors
from bep.schemas.findings.rendering import findings_text
from tests.schemas.conftest import Workbench

ENVIRONMENT = "kind: environment\nname: e\nversion: 1\nimage: x\n"
WRONG = (
    "name: e\nchanels: [conda-forge]\nplatforms: [linux-64]\ndependencies:\n  - python=banana\n  - numpy\n  - 3.10\n"
    "  -\n  - [scipy]\n  - pandas: 2.0\n  - {pip: [torch, 7, {a: b}, ], pi: [x]}\n  - pip: pillow\n  - pip:\n"
)


def test_what_is_wrong_is_shown_in_the_conda_file_and_inline(
    bench: Workbench, golden: Callable[[str, str], None]
) -> None:
    bench.write("envs/conda.yml", WRONG)
    bench.write("envs/few.yml", "dependencies: {numpy: 1.26}\n")
    bench.write(
        "e.yml",
        f"{ENVIRONMENT}conda_file: envs/conda.yml\n"
        f"---\n{ENVIRONMENT.replace('name: e', 'name: f')}conda_file: envs/few.yml\n"
        f"---\n{ENVIRONMENT.replace('name: e', 'name: g')}conda_file:\n  dependancies: [numpy]\n",
    )
    loaded = bench.load("e.yml")
    golden("schemas/conda.txt", findings_text(loaded.findings, loaded.sources))


def test_an_indent_slip_is_the_only_finding(bench: Workbench) -> None:
    bench.write("conda.yml", "dependencies:\n  - python=3.11\n    - pip\n  - pip:\n    - numpy==1.26.4\n      - idna\n")
    bench.write("e.yml", f"{ENVIRONMENT}conda_file: conda.yml\n")
    found = bench.load("e.yml").findings
    assert [(f.code, str(f.mark)) for f in found] == [
        ("indented-item", "conda.yml:3:5"),
        ("indented-item", "conda.yml:6:7"),
    ]


def test_a_pip_section_whose_lines_are_not_indented_is_told_so(bench: Workbench) -> None:
    bench.write("e.yml", f"{ENVIRONMENT}conda_file:\n  dependencies:\n  - pip:\n  - idna==3.7\n")
    [found] = bench.load("e.yml").findings
    assert (found.code, str(found.mark)) == ("wrong-type", "e.yml:7:9")
    assert found.fix == "Write one requirement a line, each after '- ', and indented more than '- pip:'."


def test_a_deployments_own_environment_is_looked_at(article: Workbench) -> None:
    article.write(
        "d.yml",
        "name: mybatchedp\n---\nname: blue\nendpoint_name: mybatchedp\nmodel: {path: mnist/models}\ncompute: local\n"
        "environment:\n  image: x\n  conda_file: {dependancies: [numpy]}\n"
        "code_configuration: {code: mnist/code, scoring_script: digit_identification.py}\n",
    )
    (found,) = article.load("d.yml").findings
    assert (found.code, found.fix) == ("unknown-field", "Did you mean 'dependencies'?")
    assert found.mark is not None
    assert (found.mark.file, found.mark.line, found.mark.column) == ("d.yml", 9, 16)


def codes(bench: Workbench, package: str) -> list[str]:
    bench.write("e.yml", f"{ENVIRONMENT}conda_file:\n  dependencies:\n  - {package}\n")
    return [finding.code for finding in bench.load("e.yml").findings]


@pytest.mark.parametrize(
    "package",
    [
        "python",
        "python=3",
        "python=3.10",
        "python==3.10.2",
        "python =3.10",
        "python 3.10.*",
        "python = 3.1*",
        "python>=3.8,<3.13.0a0",
        "python >= 3.8, < 3.12",
        "python 3.8|3.9.*",
        "python=3.10=h12debd9_1_cpython",
        "python 3.12.* *_cpython",
        "python~=3.11",
        "'python!=3.11.0rc2'",
        "python=*",
        "conda-forge::python=3.7.16",
        "\"python[version='>=3.8']\"",
        "python_abi=cp311",
        "python-dateutil=banana",
        "python.app",
        "numpy=banana",
        "{pip: []}",
        "{pip: [numpy==1.26, '--pre', '-e git+https://example.com/a.git@v1#egg=a']}",
    ],
)
def test_a_dependency_as_conda_has_it(bench: Workbench, package: str) -> None:
    assert codes(bench, package) == []


@pytest.mark.parametrize(
    "package", ["python=banana", "python 3.banana", "Python>=3.8,<four", "conda-forge::python==v3.9"]
)
def test_a_python_that_is_no_version(bench: Workbench, package: str) -> None:
    assert codes(bench, package) == ["python-version"]


@pytest.mark.parametrize(
    "conda", ["{}", "{name: e}", "{dependencies: }", "{channels: [a], variables: {A: b}, prefix: /x}"]
)
def test_a_conda_file_may_leave_out_what_it_does_not_need(bench: Workbench, conda: str) -> None:
    bench.write("e.yml", f"{ENVIRONMENT}conda_file: {conda}\n")
    assert not errors(bench.load("e.yml").findings)
