"""A conda package that pip cannot have is said with the specs, not when a job wants its environment."""

from collections.abc import Callable, Mapping

from tests.bep.conftest import Workspace

Make = Callable[[Mapping[str, str]], Workspace]

SPEC = "name: plots\nversion: 1\nconda_file: conda.yml\n"
CONDA = """name: plots
channels: [conda-forge]
dependencies:
  - python=3.11
  - r-ggplot2=3.4
  - numpy=1.2|1.3
  - scikit-learn
  - pip:
      - pandas
"""


def test_each_package_that_cannot_be_had_is_named_where_it_is_written(make_workspace: Make) -> None:
    files = {"bep.yml": "workspace: w\nspecs: [plots.yml]\n", "plots.yml": SPEC, "conda.yml": CONDA}
    workspace = make_workspace(files)
    for command in ("validate", "plan"):
        said = workspace.bep(command, expect=3)
        lines = (said.stdout + said.stderr).splitlines()
        told = [line.replace(" error: environment/plots/1:", "") for line in lines if line.startswith("conda.yml:")]
        assert told == [
            "conda.yml:5:5: r-ggplot2=3.4 is not a Python package, so pip has no such thing",
            "conda.yml:6:5: the version of 'numpy=1.2|1.3' has no equal in pip",
        ]


def test_what_conda_carries_and_pip_renames_is_right(make_workspace: Make) -> None:
    conda = "dependencies: [python=3.11, libgcc-ng, pytorch, cudatoolkit=11.3, {pip: [pandas]}]\n"
    files = {"bep.yml": "workspace: w\nspecs: [plots.yml]\n", "plots.yml": SPEC, "conda.yml": conda}
    assert make_workspace(files).bep("validate").returncode == 0
