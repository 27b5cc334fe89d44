from collections.abc import Callable

import pytest

from bep.providers.local.environments.conda import Recipe, recipe_of


def described(recipe: Recipe) -> str:
    parts = [("first", recipe.first), ("then", recipe.then), ("tools", [f"{a} -> {b}" for a, b in recipe.tools])]
    parts += [("notes", recipe.notes), ("problems", tuple(map(str, recipe.problems))), ("channels", recipe.channels)]
    text = f"python: {recipe.python}\n" + "".join(
        f"{name}:\n" + "".join(f"  {line}\n" for line in lines) for name, lines in parts
    )
    return text + (f"\nBy conda:\n{described(recipe.by_conda)}" if recipe.by_conda else "")


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("numpy", "numpy"),
        ("numpy=1.19", "numpy==1.19.*"),
        ("numpy=1.19.*", "numpy==1.19.*"),
        ("numpy 1.19.*", "numpy==1.19.*"),
        ("numpy 1.19", "numpy==1.19.*"),
        ("numpy==1.19.2", "numpy==1.19.2"),
        ("numpy=1.19.2=py37h54aff64_0", "numpy==1.19.2"),
        ("numpy 1.19.2 py37h54aff64_0", "numpy==1.19.2"),
        ("numpy>=1.19,<2", "numpy>=1.19,<2"),
        ("numpy >=1.19, <2", "numpy>=1.19,<2"),
        ("numpy!=1.20", "numpy!=1.20"),
        ("numpy~=1.19", "numpy~=1.19"),
        ("numpy=*", "numpy"),
        ("numpy[version='>=1.19,<2']", "numpy>=1.19,<2"),
        ("conda-forge::numpy=1.19", "numpy==1.19.*"),
        ("conda-forge/linux-64::numpy", "numpy"),
        ("NumPy=1.19", "numpy==1.19.*"),
        ("pytorch=1.4", "torch==1.4.*"),
        ("pytables", "tables"),
        ("opencv", "opencv-python-headless"),
        ("matplotlib-base>=3", "matplotlib>=3"),
        ("tensorflow-gpu==1.15", "tensorflow==1.15"),
    ],
)
def test_a_conda_package_in_pips_terms(conda: str, pip: str) -> None:
    assert recipe_of({"dependencies": [conda]}) == Recipe(first=(pip,))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("python", None),
        ("python=3.7", "3.7"),
        ("python=3.7.*", "3.7"),
        ("python=3.7.16=h_0", "3.7.16"),
        ("python==3.7.16", "3.7.16"),
        ("python>=3.7,<3.9", ">=3.7,<3.9"),
    ],
)
def test_the_python_that_is_asked_for(written: str, asked: str | None) -> None:
    assert recipe_of({"dependencies": [written, "pip<=21.2.4"]}) == Recipe(python=asked)


def test_nothing_asks_for_nothing() -> None:
    assert recipe_of(None) == recipe_of({}) == recipe_of({"name": "x", "channels": []}, ["", "# a remark"]) == Recipe()


def test_a_whole_file_with_everything_difficult(golden: Callable[[str, str], None]) -> None:
    conda = {
        "name": "mnist-env",
        "channels": ["conda-forge"],
        "dependencies": [
            "python=3.7",
            "pip",
            "_libgcc_mutex=0.1=main",
            "ca-certificates=2021.10.26=h06a4308_2",
            "pytorch=1.4",
            "cudatoolkit=10.1",
            "scikit-learn=0.22.2",
            "ffmpeg=4",
            "libgdal",
            "r-ggplot2",
            "numpy=1.18|1.19",
            {
                "pip": [
                    "tensorflow==1.15",
                    "--extra-index-url https://example.com/simple",
                    "azureml-core==1.36",
                    "-r more.txt",
                ]
            },
            {"conda": ["x"]},
        ],
    }
    golden(
        "providers/local/conda.txt", described(recipe_of(conda, ["azureml_mlflow", "pandas ; python_version < '3.8'"]))
    )


def test_a_file_that_is_no_conda_file_is_a_problem() -> None:
    (problem,) = recipe_of({"dependencies": {"numpy": 1}}).problems
    assert problem.message == "'dependencies' of the conda file must be a list"
