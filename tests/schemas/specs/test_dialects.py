"""The files of the 2021 article and today's, each read from disk, become the same canonical resources."""

from typing import Any

from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Reference
from bep.schemas.specs.loading import Loaded
from tests.schemas.conftest import Workbench

ENDPOINT_2021 = """\
$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json
name: mybatchedp
type: batch
auth_mode: aad_token
traffic:
  autolog-deployment: 100
deployments:
  - name: autolog-deployment
    model:
      name: autolog-model
      version: 1
      local_path: ./autolog_nyc_taxi
    compute:
      target: azureml:cpu-cluster
      instance_count: 1
    mini_batch_size: 1
    output_file_name: predictions.csv
    retry_settings:
      max_retries: 3
      timeout: 30
    error_threshold: -1
    logging_level: info
"""

DEPLOYMENT_2021 = """\
$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json
name: mnist-deployment
model:
  name: mnist
  version: 1
  local_path: ./mnist/models/
code_configuration:
  code:
    local_path: ./mnist/code/
  scoring_script: digit_identification.py
environment:
  name: mnist-env
  version: 1
  path: .
  conda_file: file:./mnist/environment/conda.yml
  docker:
    image: mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20210301.v1
compute:
  target: azureml:cpu-cluster
  instance_count: 1
mini_batch_size: 10
output_file_name: predictions.csv
retry_settings:
  max_retries: 3
  timeout: 30
error_threshold: -1
logging_level: INFO
"""

NESTED = """\
$schema: https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json
name: mnist-deployment
endpoint_name: mybatchedp
type: model
model: {name: mnist, version: 1, path: mnist/models}
code_configuration: {code: mnist/code, scoring_script: digit_identification.py}
environment:
  name: mnist-env
  version: 1
  image: mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20210301.v1
  conda_file: mnist/environment/conda.yml
compute: azureml:cpu-cluster
resources: {instance_count: 1}
settings:
  max_concurrency_per_instance: 1
  mini_batch_size: 10
  output_action: append_row
  output_file_name: predictions.csv
  retry_settings: {max_retries: 3, timeout: 30}
  error_threshold: -1
  logging_level: info
"""

FLAT = """\
$schema: https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json
name: mnist-deployment
endpoint_name: mybatchedp
model: {name: mnist, version: 1, path: mnist/models}
code_configuration: {code: mnist/code, scoring_script: digit_identification.py}
environment:
  name: mnist-env
  version: 1
  image: mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20210301.v1
  conda_file: mnist/environment/conda.yml
compute: azureml:cpu-cluster
resources: {instance_count: 1}
mini_batch_size: 10
output_action: AppendRow
retry_settings: {max_retries: 3, timeout: 30}
logging_level: INFO
"""

ENDPOINT_TODAY = """\
$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json
name: mybatchedp
auth_mode: aad_token
defaults: {deployment_name: mnist-deployment}
"""

WORKSPACE = "workspace: taxi\nspecs:\n  - compute.yml\n  - endpoint.yml\n"


def attributes(loaded: Loaded) -> dict[str, Any]:
    return {r.address: r.attributes for r in loaded.resources}


def test_the_endpoint_file_of_2021(article: Workbench) -> None:
    article.write("endpoint.yml", ENDPOINT_2021)
    article.write("bep.yml", WORKSPACE)
    loaded = article.load()
    assert loaded.findings == ()
    digest = article.files.content("autolog_nyc_taxi").sha256
    assert attributes(loaded) == {
        "compute/cpu-cluster": {
            "name": "cpu-cluster",
            "type": "amlcompute",
            "size": "STANDARD_DS3_V2",
            "tier": "dedicated",
            "min_instances": 0,
            "max_instances": 5,
            "idle_time_before_scale_down": 120,
        },
        "endpoint/mybatchedp": {"name": "mybatchedp", "auth_mode": "aad_token"},
        "model/autolog-model/1": {
            "name": "autolog-model",
            "version": "1",
            "type": "mlflow_model",
            "path": {"local": "autolog_nyc_taxi", "sha256": digest},
        },
        "deployment/mybatchedp/autolog-deployment": {
            "name": "autolog-deployment",
            "endpoint_name": "mybatchedp",
            "type": "model",
            "model": "model/autolog-model/1",
            "compute": "compute/cpu-cluster",
            "resources": {"instance_count": 1},
            "settings": {
                "mini_batch_size": 1,
                "max_concurrency_per_instance": 1,
                "output_action": "append_row",
                "output_file_name": "predictions.csv",
                "retry_settings": {"max_retries": 3, "timeout": 30},
                "error_threshold": -1,
                "logging_level": "info",
                "environment_variables": {},
            },
        },
        "traffic/mybatchedp": {"endpoint": "endpoint/mybatchedp", "split": {"autolog-deployment": 100}},
    }


def test_what_refers_to_what(article: Workbench) -> None:
    article.write("endpoint.yml", ENDPOINT_2021)
    article.write("bep.yml", WORKSPACE)
    found = {r.address: set(r.references) for r in article.load().resources if r.references}
    assert found == {
        "deployment/mybatchedp/autolog-deployment": {
            Reference(("endpoint_name",), Address("endpoint/mybatchedp")),
            Reference(("model",), Address("model/autolog-model/1")),
            Reference(("compute",), Address("compute/cpu-cluster")),
        },
        "traffic/mybatchedp": {
            Reference(("endpoint",), Address("endpoint/mybatchedp")),
            Reference(("split", "autolog-deployment"), Address("deployment/mybatchedp/autolog-deployment")),
        },
    }


def test_the_stand_alone_deployment_of_2021(article: Workbench) -> None:
    article.write("endpoint.yml", ENDPOINT_2021)
    article.write("add-deployment.yml", DEPLOYMENT_2021)
    article.write("bep.yml", WORKSPACE + "  - {file: add-deployment.yml, endpoint: mybatchedp}\n")
    loaded = article.load()
    assert [(f.code, f.severity, str(f.mark)) for f in loaded.findings] == [
        ("schema-disagrees", "warning", "add-deployment.yml:1:10")
    ]
    found = attributes(loaded)
    deployment = found["deployment/mybatchedp/mnist-deployment"]
    assert deployment["model"] == "model/mnist/1"
    assert deployment["environment"] == "environment/mnist-env/1"
    assert deployment["code_configuration"] == {
        "code": {"local": "mnist/code", "sha256": article.files.content("mnist/code").sha256},
        "scoring_script": "digit_identification.py",
    }
    assert deployment["settings"]["logging_level"] == "info"
    assert found["environment/mnist-env/1"] == {
        "name": "mnist-env",
        "version": "1",
        "image": "mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20210301.v1",
        "conda_file": {
            "name": "mnist-env",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.7", {"pip": ["tensorflow==1.15.2", "pillow"]}],
        },
    }
    assert found["model/mnist/1"]["type"] == "custom_model"


def test_three_dialects_say_the_same(article: Workbench) -> None:
    said = []
    for deployment in (DEPLOYMENT_2021.replace("$schema", "endpoint_name: mybatchedp\n$schema"), NESTED, FLAT):
        article.write("endpoint.yml", ENDPOINT_TODAY)
        article.write("deployment.yml", deployment)
        article.write("bep.yml", WORKSPACE + "  - deployment.yml\n")
        loaded = article.load()
        assert not [f for f in loaded.findings if f.severity == "error"]
        said.append(attributes(loaded))
    assert said[0] == said[1] == said[2]
    assert said[0]["traffic/mybatchedp"]["split"] == {"mnist-deployment": 100}


def test_marks_survive_normalisation(article: Workbench) -> None:
    article.write("endpoint.yml", ENDPOINT_2021)
    article.write("bep.yml", WORKSPACE)
    resources = {str(r.address): r for r in article.load().resources}
    deployment = resources["deployment/mybatchedp/autolog-deployment"]
    assert deployment.marks["compute",] == Mark("endpoint.yml", 14, 15)
    assert deployment.marks["resources", "instance_count"] == Mark("endpoint.yml", 15, 23)
    assert deployment.marks["settings", "retry_settings", "timeout"] == Mark("endpoint.yml", 20, 16)
    assert deployment.mark == Mark("endpoint.yml", 8, 5)
    assert resources["traffic/mybatchedp"].marks["split", "autolog-deployment"] == Mark("endpoint.yml", 6, 23)
    assert resources["model/autolog-model/1"].marks["path",] == Mark("endpoint.yml", 12, 19)
