import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bep.providers.local.environments.asked import of_model
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.provider import LocalProvider
from bep.providers.local.scoring import choose, resolve
from bep.providers.protocol import ProviderError
from bep.runner.request import ScoringTarget, Settings
from bep.schemas.address import Address
from bep.schemas.resource import Content
from bep.schemas.secrets.secret import Secret
from tests.providers.local.support import content, model, provider, put, wanted
from tests.providers.local.wheels import offline, wheel


@pytest.fixture
def world(tmp_path: Path) -> LocalProvider:
    wheel(tmp_path / "wheels", "alpha", "1.2.3")
    world = provider(tmp_path, python=sys.executable, surroundings=offline(tmp_path / "wheels"))
    put(world, "compute/cpu", {"name": "cpu", "type": "amlcompute", "max_instances": 4})
    put(world, "endpoint/ep1", {"name": "ep1"})
    return world


def add_model(world: LocalProvider, version: str, kind: str, path: Any, its: Content | None = None) -> None:
    attributes = {"name": "m", "version": version, "type": kind, "path": path}
    put(world, f"model/m/{version}", attributes, {"path": its} if its else None)


def add_deployment(world: LocalProvider, name: str, version: str, **more: Any) -> None:
    attributes = {"name": name, "endpoint_name": "ep1", "model": f"model/m/{version}", "compute": "compute/cpu", **more}
    put(world, f"deployment/ep1/{name}", attributes)


@pytest.fixture
def scripted(world: LocalProvider, tmp_path: Path) -> LocalProvider:
    """`blue` with a model folder, a script and settings; `green` with a model file; no traffic."""
    folder = model(tmp_path / "model", weights_bin="1")
    code = model(tmp_path / "code", score_py="def run(batch): return batch")
    put(world, "environment/plain/1", {"name": "plain", "version": "1", "image": "registry/openmpi:1"})
    add_model(world, "1", "custom_model", {"local": "./model/", "sha256": "x"}, content(folder))
    add_model(world, "2", "custom_model", {"local": "model/weights.bin"}, content(folder / "weights.bin"))
    blue = {
        "name": "blue",
        "endpoint_name": "ep1",
        "model": "model/m/1",
        "environment": "environment/plain/1",
        "compute": "compute/cpu",
        "code_configuration": {"code": {"local": "code", "sha256": "x"}, "scoring_script": "score.py"},
        "resources": {"instance_count": 2, "properties": {"worker_memory": "2GB", "worker_cpus": 1, "other": "x"}},
        "settings": {
            "mini_batch_size": 5,
            "retry_settings": {"max_retries": 1, "timeout": 60},
            "logging_level": "debug",
            "environment_variables": {"COLOUR": "blue", "N": 1, "TOKEN": Secret("canary-1")},
        },
    }
    put(world, "deployment/ep1/blue", blue, {"code_configuration.code": content(code)})
    add_deployment(world, "green", "2", code_configuration={"scoring_script": "score.py"})
    return world


def test_everything_a_target_needs_is_there(scripted: LocalProvider) -> None:
    found = resolve(scripted, "ep1", "blue")
    assert list(found.stored["model"]) == ["model/weights.bin"]
    assert str(found.scoring_script) in found.stored["code"]
    assert found.interpreter == (sys.executable,)
    assert "registry/openmpi:1 alone" in found.warnings[0]
    assert found.environment_variables == {"COLOUR": "blue", "N": "1"}
    assert found.sealed_variables == ("TOKEN",)
    assert found.compute["max_instances"] == 4
    assert not found.is_mlflow
    assert Settings(**found.settings).model_dump(exclude_defaults=True) == {
        "mini_batch_size": 5,
        "instance_count": 2,
        "worker_memory": "2GB",
        "worker_cpus": 1,
        "max_retries": 1,
        "timeout": 60,
        "logging_level": "debug",
    }
    names = ScoringTarget.model_fields.keys() - {"secret_variables"}  # a job may have more than its deployment
    assert ScoringTarget(**{name: getattr(found, name) for name in names}).deployment == "blue"


def test_a_model_file_lies_directly_in_its_directory(scripted: LocalProvider) -> None:
    found = resolve(scripted, "ep1", "green")
    assert list(found.stored["model"]) == ["weights.bin"]


def test_the_one_with_the_traffic_is_meant(scripted: LocalProvider) -> None:
    with pytest.raises(
        ProviderError, match="no deployment of ep1 has the traffic; its deployments are blue, green"
    ) as no:
        choose(scripted, "ep1")
    assert no.value.code == "NoTraffic"
    put(scripted, "traffic/ep1", {"endpoint": "endpoint/ep1", "split": {"green": 100}})
    assert choose(scripted, "ep1").deployment == "green"
    green = Address("deployment/ep1/green")
    scripted.delete(green, None, operation="x", etag=scripted.read([green])[green].etag)
    with pytest.raises(ProviderError, match="its traffic goes to green, which is gone"):
        choose(scripted, "ep1")


@pytest.mark.parametrize(
    ("endpoint", "deployment", "message"),
    [
        ("ep2", None, "there is no endpoint ep2; did you mean ep1?"),
        ("ep1", "bleu", "there is no deployment bleu; did you mean blue?"),
        ("ep1", "xyz", "there is no deployment xyz; there is blue, green"),
    ],
)
def test_an_unknown_name_gets_the_nearest(
    scripted: LocalProvider, endpoint: str, deployment: str | None, message: str
) -> None:
    with pytest.raises(ProviderError) as refusal:
        choose(scripted, endpoint, deployment)
    assert refusal.value.message == message


def test_nothing_applied_yet_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="there is no endpoint ep1; none was applied yet"):
        choose(provider(tmp_path), "ep1")
    assert not (tmp_path / ".bep").exists()


def test_the_digest_follows_what_is_scored_with(scripted: LocalProvider) -> None:
    before = choose(scripted, "ep1", "green").digest
    assert choose(scripted, "ep1", "blue").digest != before
    green = Address("deployment/ep1/green")
    there = scripted.read([green])[green]
    same = wanted(green, there.attributes)
    etag = scripted.update(same, operation="again", etag=there.etag).etag
    assert choose(scripted, "ep1", "green").digest == before
    scripted.update(wanted(green, {**there.attributes, "resources": {}}), operation="more", etag=etag)
    assert choose(scripted, "ep1", "green").digest != before


def test_a_model_in_a_datastore_is_used_where_it_lies(world: LocalProvider) -> None:
    lies = model(world.cloud / "datastores/workspaceblobstore/models/taxi", a_txt="1")
    add_model(world, "3", "custom_model", "azureml://datastores/workspaceblobstore/paths/models/taxi")
    add_deployment(world, "blue", "3")
    assert resolve(world, "ep1", "blue").model_directory == lies.parent


MLMODEL = "flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"


CONDA = "dependencies:\n- python=3.8.15\n- pip<=23\n- scipy=1.2\n- pip:\n  - -r requirements.txt\n  - mlflow\n"


@pytest.mark.parametrize(
    ("files", "recipe"),
    [
        (
            {"python_env.yaml": "python: 3.8.15\ndependencies: [-r requirements.txt]"},
            Recipe("3.8.15", then=("alpha==1.2.3",)),
        ),
        ({"conda.yaml": CONDA}, Recipe("3.8.15", ("scipy==1.2.*",), ("alpha==1.2.3", "mlflow"))),
        ({"conda.yml": CONDA}, Recipe("3.8.15", ("scipy==1.2.*",), ("alpha==1.2.3", "mlflow"))),
        ({"python_env.yaml": "python: 3.9.1", "conda.yaml": CONDA}, Recipe("3.9.1")),
        ({}, Recipe("3.7.16", then=("alpha==1.2.3",))),
    ],
)
def test_what_an_mlflow_model_asks_for(tmp_path: Path, files: dict[str, str], recipe: Recipe) -> None:
    flavor = "flavors:\n  python_function:\n    env: conda.yaml\n    python_version: 3.7.16\n"
    folder = model(tmp_path / "model", MLmodel=flavor, requirements_txt="# pinned\nalpha==1.2.3  # why\n\n")
    for name, text in files.items():
        (folder / name).write_text(text)
    assert of_model("model/m/1", folder) == recipe


def test_an_mlflow_model_brings_what_its_lines_name(tmp_path: Path) -> None:
    wheel(tmp_path / "m/wheels", "alpha", "1.0")
    conda = "dependencies: [python=3.11, pip, {pip: [-r requirements.txt, -c limits.txt]}]\n"
    flavor = "flavors: {python_function: {env: conda.yaml, loader_module: m}}\n"
    files = {"MLmodel": flavor, "conda.yaml": conda, "limits.txt": "beta<2\n"}
    for name, text in {**files, "requirements.txt": "wheels/alpha-1.0-py3-none-any.whl\n-r requirements.txt\n"}.items():
        (tmp_path / "m" / name).write_text(text)
    recipe = of_model("model/m/1", tmp_path / "m")
    assert recipe
    assert (recipe.then, recipe.constraints) == (("./wheels/alpha-1.0-py3-none-any.whl",), ("beta<2",))
    assert list(recipe.files) == ["wheels/alpha-1.0-py3-none-any.whl"]
    assert recipe.source
    assert recipe.source() == tmp_path / "m"
    (tmp_path / "m/requirements.txt").write_text("-e ./code\n")
    refused = of_model("model/m/1", tmp_path / "m")
    assert refused
    assert "did not travel" in refused.problems[0].message


def test_an_mlflow_model_brings_its_own_environment(world: LocalProvider, tmp_path: Path) -> None:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = model(tmp_path / "model", MLmodel=MLMODEL, requirements_txt="alpha==1.2.3\n")
    (folder / "python_env.yaml").write_text(f"python: '{python}'\ndependencies: [-r requirements.txt]\n")
    add_model(world, "4", "mlflow_model", {"local": "model"}, content(folder))
    add_deployment(world, "blue", "4")
    lines: list[str] = []
    found = resolve(world, "ep1", "blue", report=lines.append)
    assert found.is_mlflow
    assert found.scoring_script is None
    assert found.environment.startswith("model/m/4 (Python ")
    code = "import alpha, sys; print(alpha.VERSION, '%d.%d' % sys.version_info[:2])"
    said = subprocess.run([*found.interpreter, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1.2.3", python]
    assert lines[-1] == "model/m/4: ready"


def test_an_mlflow_model_without_any_environment_is_scored_with_a_warning(world: LocalProvider, tmp_path: Path) -> None:
    flavor = "flavors:\n  python_function:\n    env: conda.yml\n"
    add_model(world, "4", "mlflow_model", {"local": "model"}, content(model(tmp_path / "model", MLmodel=flavor)))
    add_deployment(world, "blue", "4")
    found = resolve(world, "ep1", "blue")
    assert found.interpreter == (world.environments.own(),)
    (warning,) = found.warnings
    assert warning.startswith("model/m/4 has no python_env.yaml, conda.yaml or requirements.txt: scoring runs with")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"other_txt": ""}, "has none"),
        ({"MLmodel": "flavors: {sklearn: {}}"}, "no python_function flavor"),
        ({"MLmodel": "{"}, "MLmodel is not YAML"),
        ({"MLmodel": MLMODEL, "python_env_yaml": "dependencies: [-r ../../x.txt]"}, "the model names ../../x.txt"),
        ({"MLmodel": MLMODEL, "conda_yaml": "- a"}, "conda.yaml is not a mapping"),
        ({"MLmodel": MLMODEL, "conda_yaml": "a: 2001-13-45"}, "conda.yaml is not YAML"),
        ({"MLmodel": MLMODEL, "conda_yaml": "a: " + "[" * 5000}, "conda.yaml is not YAML"),
        ({"MLmodel": MLMODEL, "conda_yaml": "dependencies: true"}, "dependencies of its conda file must be a list"),
        ({"MLmodel": MLMODEL, "conda_yaml": "dependencies: {pip: [a]}"}, "must be a list"),
        ({"MLmodel": MLMODEL, "conda_yaml": "dependencies: [7]"}, "must each be text or a pip section, not 7"),
        (
            {"MLmodel": MLMODEL, "conda_yaml": "dependencies: [{pip: a}]"},
            "pip section of its conda file must be a list",
        ),
        ({"MLmodel": MLMODEL, "conda_yaml": "dependencies: [{pip: [1]}]"}, "must each be text, not 1"),
        ({"MLmodel": MLMODEL, "python_env_yaml": "dependencies: numpy"}, "its python_env.yaml must be a list"),
        ({"MLmodel": MLMODEL, "python_env_yaml": 'dependencies: ["-r \\0"]'}, "the model names"),
    ],
)
def test_a_broken_mlflow_model_is_told(
    world: LocalProvider, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    names = {"python_env_yaml": "python_env.yaml", "conda_yaml": "conda.yaml", "other_txt": "other.txt"}
    for name, text in files.items():
        (folder / names.get(name, name)).write_text(text)
    add_model(world, "5", "mlflow_model", {"local": "model"}, content(folder))
    add_deployment(world, "blue", "5")
    with pytest.raises(ProviderError) as refusal:
        resolve(world, "ep1", "blue")
    assert message in refusal.value.message
    assert refusal.value.address == "model/m/5"


def test_an_mlflow_model_that_asks_for_nothing_gets_the_users_python(world: LocalProvider, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", MLmodel="flavors: {python_function: {loader_module: x}}")
    add_model(world, "6", "mlflow_model", {"local": "model"}, content(folder))
    add_deployment(world, "blue", "6")
    assert resolve(world, "ep1", "blue").interpreter == (sys.executable,)
