"""The example of a Ray cluster: its commands as they are, on one machine that two nodes of a real cluster share."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from tests.cluster.machines import network
from tests.cluster.ray_cluster import TEMPORARY, missing_for_ray
from tests.services.places import RAY_PACKAGES, ray_python
from tests.test_examples import EXAMPLES, commands, copied, expected

EXAMPLE: Final = "09-ray"
PUBLISHED: Final = json.loads(Path(__file__).with_name("published.json").read_text())
"""What `published_facts` wrote."""
TRYING: Final = """\
set -eo pipefail
ray() {
    command ray "$@" && return
    test "$1" = start  # on a busy machine one part of Ray gives up on another that is late
    for _ in 1 2 3; do
        case " $* " in *" --head "*) command ray stop --force ;; esac
        command ray "$@" && return
    done
    return 1
}
"""
"""What goes ahead of the commands."""
PATIENCE: Final = 600.0


def programs(folder: Path) -> Path:
    """A folder with what a person has who installed bep and Ray in one environment: here they are in two."""
    packages = ray_python().parent.parent / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
    own = folder / "own"
    own.mkdir(parents=True)
    (own / "sitecustomize.py").write_text(f"import sys; sys.path.append({str(packages)!r})\n")
    lines = {
        "bep": f'PYTHONPATH="{own}" exec "{sys.executable}" -m bep "$@"',
        "python3": f'exec "{sys.executable}" "$@"',
        "ray": f'exec "{ray_python()}" -m ray.scripts.scripts "$@"',
    }
    for name, line in lines.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_commands_of_the_readme_score_the_same_on_two_nodes_and_here(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    """So does what the manifest for KubeRay runs, on the same cluster."""
    if reason := missing_for_ray():
        pytest.skip(reason)
    here, home = copied(EXAMPLE, tmp_path), tmp_path / "home"
    for folder in (home / "tmp", tmp_path / "machines"):
        folder.mkdir(parents=True)
    environment = {
        "PATH": f"{programs(tmp_path / 'bin')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": TEMPORARY,
        "RAY_TMPDIR": "/mnt",  # Ray's sockets need a short name
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    own = {"/mnt/share/09-ray": str(here), "/bep/venv/bin/bep": "bep", "on-ray": "by-kuberay"}
    entrypoint = ray_job()["entrypoint"]
    for place, here_it_is in own.items():
        assert place in entrypoint
        entrypoint = entrypoint.replace(place, here_it_is)
    *typed, stop = commands(here)
    assert stop == "ray stop"
    script = "\n".join([TRYING, *typed, entrypoint, stop])
    with network(tmp_path / "machines") as between:
        machine = between.add(environment, {"/mnt": ".", "/dev/shm": "tmpfs", TEMPORARY: str(home / "tmp")})
        program = machine.start(
            ["bash", "-c", script], folder=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said, _ = program.process.communicate(timeout=PATIENCE)
        assert program.process.returncode == 0, said
    for name in ("on-ray", "by-kuberay"):
        golden(expected(EXAMPLE, "losses.txt"), (here / name / "losses.txt").read_text())
        assert list((here / "share" / name / "segments").iterdir())
    files = [file for top in ("share", ".bep") for file in (here / top).rglob("*") if file.is_file()]
    assert not [file for file in files if b"only-for-trying" in file.read_bytes()]


def ray_job() -> dict[str, Any]:
    """The `spec` of the RayJob in the manifest."""
    _, found = yaml.safe_load_all((EXAMPLES / EXAMPLE / "rayjob.yaml").read_text())
    assert (found["apiVersion"], found["kind"]) == ("ray.io/v1", "RayJob")
    return dict(found["spec"])


def groups(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The head's, and those of workers."""
    return [job["rayClusterSpec"]["headGroupSpec"], *job["rayClusterSpec"]["workerGroupSpecs"]]


def test_kuberay_knows_every_field_of_its_manifest() -> None:
    schema = PUBLISHED["rayjob"]["spec"]
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(ray_job(), schema)
    for wrong in ("entryPoint", "ttlSeconds"):
        with pytest.raises(jsonschema.ValidationError, match=wrong):
            jsonschema.validate({**ray_job(), wrong: "x"}, schema)
    misspelt = json.loads(json.dumps(ray_job()))
    misspelt["rayClusterSpec"]["authOptions"] = {"mode": "tokens"}
    with pytest.raises(jsonschema.ValidationError, match="tokens"):
        jsonschema.validate(misspelt, schema)


def test_kubernetes_takes_its_pods_and_its_claim() -> None:
    validating = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed: make services"
    )
    claim, _ = yaml.safe_load_all((EXAMPLES / EXAMPLE / "rayjob.yaml").read_text())
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **one["template"]} for one in groups(ray_job())
    ]
    for one in (claim, *pods):
        validating.validate(one, validating.latest_version(), strict=True)


def test_the_manifest_has_what_its_job_needs() -> None:
    job, specs = ray_job(), (EXAMPLES / EXAMPLE / "specs.yml").read_text()
    (instances,) = {int(found) for found in re.findall(r"instance_count: (\d+)\} # nodes", specs)}
    head, workers = groups(job)
    assert workers["maxReplicas"] >= instances
    assert job["rayClusterSpec"]["rayVersion"] in RAY_PACKAGES[0]
    for group in (head, workers):
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert job["rayClusterSpec"]["rayVersion"] in container["image"]
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert {one["name"] for one in pod["volumes"]} == mounts.keys()
        assert mounts["share"] == "/mnt/share"
    (container,) = head["template"]["spec"]["containers"]
    given = {one["name"]: one for one in container["env"]}
    assert {name for name, one in given.items() if "valueFrom" in one} == set(re.findall(r"env\.(\w+) \}\}", specs))
    assert given["BEP_VAR_share"]["value"] == "/mnt/share"


def cluster_file() -> dict[str, Any]:
    """The file of the autoscaler for Azure."""
    found = yaml.safe_load((EXAMPLES / EXAMPLE / "azure.yaml").read_text())
    assert isinstance(found, dict)
    return found


def test_ray_knows_every_field_of_its_file() -> None:
    schema = PUBLISHED["autoscaler"]["schema"]
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(cluster_file(), schema)
    assert cluster_file()["provider"].keys() <= schema["properties"]["provider"]["properties"].keys()
    with pytest.raises(jsonschema.ValidationError, match="min_workers"):
        jsonschema.validate({**cluster_file(), "min_workers": 1}, schema)
    assert cluster_file()["head_node_type"] in cluster_file()["available_node_types"]


def test_ray_itself_takes_its_file() -> None:
    """As `ray up` looks at it before it asks Azure for anything."""
    if reason := missing_for_ray():
        pytest.skip(reason)
    looking = (
        "import sys, yaml\n"
        "from ray.autoscaler._private.util import prepare_config, validate_config\n"
        "config = prepare_config(yaml.safe_load(open(sys.argv[1])))\n"
        "validate_config(config)\n"
        "print(config['max_workers'], sorted(config['available_node_types']))\n"
    )
    command = [str(ray_python()), "-c", looking, str(EXAMPLES / EXAMPLE / "azure.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2 ['head', 'spot']\n"), done.stderr


@pytest.mark.parametrize("field", ["setup_commands", "head_start_ray_commands", "worker_start_ray_commands"])
def test_its_commands_are_ones_that_a_shell_takes(field: str) -> None:
    for command in cluster_file()[field]:
        subprocess.run(["bash", "-n", "-c", command], check=True)
