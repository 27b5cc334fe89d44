"""One environment declared inside a deployment and in a document of its own: one resource, if it is the same."""

from collections.abc import Callable

import pytest

from bep.schemas.findings.finding import errors
from tests.schemas.conftest import Workbench

CONDA = "dependencies: [python=3.11, {pip: [pandas]}]\n"
ALONE = "name: summaries\nimage: ubuntu\nconda_file: conda.yml\ndescription: for summaries\n"
INLINE = """\
name: blue
endpoint_name: letters
model: {name: alphabet, version: 1, path: model}
code_configuration: {code: code, scoring_script: score.py}
compute: azureml:cpu-cluster
environment: {name: summaries, image: ubuntu, conda_file: conda.yml}
"""

Scene = Callable[[str, str, str], Workbench]


@pytest.fixture
def scene(bench: Workbench) -> Scene:
    def make(specs: str, alone: str, inline: str) -> Workbench:
        bench.write("bep.yml", f"workspace: w\nspecs: [{specs}]\n")
        bench.write("conda.yml", CONDA)
        bench.write("alone.yml", alone)
        bench.write("inline.yml", inline)
        bench.write("model/letters.txt", "abc")
        bench.write("code/score.py", "def init():\n    pass\n\n\ndef run(mini_batch):\n    return mini_batch\n")
        bench.write("compute.yml", "name: cpu-cluster\ntype: amlcompute\nmax_instances: 2\n")
        bench.write("endpoint.yml", "name: letters\nauth_mode: aad_token\n")
        return bench

    return make


@pytest.mark.parametrize("specs", ["alone.yml, inline.yml", "inline.yml, alone.yml"])
@pytest.mark.parametrize("version", ["", "version: 3\n"])
def test_the_same_content_is_one_resource_and_the_document_of_its_own_stands_for_it(
    scene: Scene, specs: str, version: str
) -> None:
    inline = INLINE.replace("{name: summaries,", "{name: summaries, version: 3,") if version else INLINE
    loaded = scene(f"compute.yml, endpoint.yml, {specs}", ALONE + version, inline).load()
    assert not errors(loaded.findings)
    (environment,) = [one for one in loaded.resources if one.kind == "environment"]
    assert (environment.mark.file, environment.attributes["description"]) == ("alone.yml", "for summaries")
    (deployment,) = [one for one in loaded.resources if one.kind == "deployment"]
    assert deployment.attributes["environment"] == environment.address


@pytest.mark.parametrize(
    ("more_alone", "old", "new"),
    [
        ("version: 3\n", "{name: summaries, image: ubuntu,", "{name: summaries, version: 3, image: debian,"),
        ("version: 3\n", "{name: summaries,", "{name: summaries, version: 3, description: another,"),
    ],
)
def test_what_differs_is_a_finding_with_both_places(scene: Scene, more_alone: str, old: str, new: str) -> None:
    loaded = scene(
        "compute.yml, endpoint.yml, alone.yml, inline.yml", ALONE + more_alone, INLINE.replace(old, new)
    ).load()
    (finding,) = errors(loaded.findings)
    assert (finding.code, finding.address) == ("duplicate-address", "environment/summaries/3")
    assert finding.message == "declared with other content; first at alone.yml:1:1"
    assert finding.mark
    assert (finding.mark.file, finding.mark.line) == ("inline.yml", 6)


def test_two_documents_of_their_own_are_refused_even_when_alike(scene: Scene) -> None:
    workbench = scene("compute.yml, endpoint.yml, alone.yml, again.yml", ALONE, INLINE)
    workbench.write("again.yml", ALONE)
    (finding,) = errors(workbench.load().findings)
    assert finding.message == "declared twice; first at alone.yml:1:1"
