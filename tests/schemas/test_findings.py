"""What a user reads about broken specs. The texts are in golden files; read them as a user would."""

import json
from collections.abc import Callable

import pytest

from bep.command_words import findings_said
from bep.schemas.findings.rendering import findings_github, findings_json, findings_text
from tests.schemas.conftest import Workbench

# ruff: noqa: E501
FILES: dict[str, dict[str, str]] = {
    "misspelt": {
        "deployment.yml": "name: blue\nendpoint_name: mybatchedp\nmodel: azureml:digits:1\ncompute: azureml:cpu-clustr\n"
        "settings:\n  mini_bach_size: 10\n  output_action: apend_row\n  logging_level: loud\n  retry_settings:\n"
        "    max_retry: 3\n    timeout: soon\nresources: {instance_count: 0}\n",
        "model.yml": "kind: model\nname: digits\nversion: 1\npath: mnist/modls\n",
    },
    "structure": {
        "endpoint.yml": "name: 1batch\nauth_mode: key\ntags: [a, b]\ndefaults: {deployment: blue}\n",
        "compute.yml": "name: cpu-1\ntype: amlcompute\nmin_instances: yes\nmax_instances: 1_000\nsize: 3\n",
        "datastore.yml": "name: blob\ntype: azure_blob\naccount_name: taxi\n"
        "credentials:\n  account_key: [canary]\n  acount_key: canary\n  sas_tokn: {x: canary}\n",
        "list.yml": "- a\n- b\n",
        "who.yml": "name: what-is-it\nversion: 1\npath: nobody/knows\n",
        "said.yml": "kind: deploymnt\nname: blue\n",
        "traffic.yml": "kind: traffic\nendpoint: mybatchedp\nsplit: {blue: 100}\n",
    },
    "yaml": {
        "tabs.yml": "name: x\nsettings:\n\tmini_batch_size: 1\n",
        "colon.yml": "name: a\nmodel: azureml: autolog:1\n",
        "open.yml": "name: [a\nmodel: b\n",
        "twice.yml": "kind: compute\nname: cpu-cluster\ntype: local\nname: gpu-cluster\n",
        "tag.yml": "kind: compute\nname: !secret cpu-cluster\ntype: local\n",
        "cycle.yml": "kind: compute\nname: cpu\ntype: local\ntags: &t {a: *t}\n",
        "key.yml": "kind: compute\nname: gpu\ntype: local\ntags: {[a]: b}\n",
        "latin.yml": "kind: compute\n# caf\udce9\n",
        "anchor.yml": "kind: compute\nname: *nobody\n",
    },
    "everything": {
        "bep.yml": "workspace: taxi\nprovder: {local: {}}\nspecs: [compute.yml, models.yml, endpoint.yml, blue.yml]\n"
        "variables: {nodes: {type: int, default: 4}}\n",
        "compute.yml": "name: cpu-cluster\ntype: amlcompute\nmax_instnces: 2\n---\nname: gpu-cluster\ntype: amlcompute\n"
        "max_instances: 2\npriorty: low\n---\nkind: compte\nname: fpga-cluster\n",
        "models.yml": "kind: model\nname: digits\nversion: 1\npth: mnist/models\n---\nkind: model\nname: taxi\nversion: 1.0\n"
        "type: mlflow\npath: autolog_nyc_tax\n",
        "endpoint.yml": "name: mybatchedp\nauth_mode: key\ndefaults: {deployment_name: bleu}\ndeployments:\n"
        "  - name: green\n    model: azureml:taxi:1.0\n    compute: {target: azureml:fpga-cluster, instance_cont: 9}\n"
        "    mini_batch_size: few\n    output_file_name: out/green.csv\n"
        "  - name: white\n    modle: azureml:digits:1\n    compute: azureml:cpu\n    environment: {name: e, imge: x}\n",
        "blue.yml": "name: blue\nendpoint_name: mybatchedp\nmodel: azureml:digits:1\ncompute: azureml:gpu-cluster\n"
        "code_configuration: {code: mnist/code, scoring_script: digits.py}\nenvironment: azureml:mnist-env:1\n"
        "resources: {instance_count: 3, max_instance_count: '${{ var.nodes }}'}\nsettings: {mini_bach_size: 10}\n"
        "x-bep: {depends_on: [compute/cpu, Compute]}\n",
    },
    "references": {
        "compute.yml": "name: cpu-cluster\ntype: amlcompute\nmax_instances: 2\n",
        "endpoint.yml": "name: mybatchedp\ndefaults: {deployment_name: bleu}\n",
        "model.yml": "kind: model\nname: digits\nversion: 1.10\npath: mnist/models\n",
        "blue.yml": "name: blue\nendpoint_name: mybatchdp\nmodel: azureml:digits:1.1\ncompute: azureml:cpu\n"
        "code_configuration: {code: mnist/code, scoring_script: digit_identificaton.py}\nenvironment: curated\n",
        "green.yml": "name: green\nendpoint_name: mybatchedp\nmodel: azureml:digits@stable\ncompute: azureml:cpu-cluster\n"
        "resources: {instance_count: 3}\nsettings: {output_file_name: out/a.csv}\nx-bep: {depends_on: [compute/gpu]}\n",
        "data.yml": "name: images\nversion: 1\ntype: uri_folder\npath: azureml://datastores/blob/paths/images\n",
    },
    "rules": {
        "compute.yml": "name: cpu-cluster\ntype: amlcompute\n---\nname: cpu-cluster\ntype: local\n",
        "endpoint.yml": "name: mybatchedp\ntraffic: {blue: 60, green: 100, red: 100}\ndeployments:\n"
        "  - name: blue\n    model: {name: digits, version: 1, path: mnist/models}\n    compute: {target: azureml:cpu-cluster}\n"
        "    output_action: summary_only\n    output_file_name: a.csv\n"
        "  - name: green\n    model: {name: digits, version: 1, path: mnist/code}\n    compute: {instance_count: 1}\n"
        "    mini_batch_size: 1\n    settings: {mini_batch_size: 2}\n    partition_keys: [year]\n"
        "    environment: {name: e, version: 1, image: x, build: {path: nowhere}}\n",
        "lonely.yml": "name: lonely\nmodel: {path: empty}\ncompute: local\nenvironment: {name: bare}\n"
        "code_configuration: {code: mnist/code}\n",
    },
    "scripts": {
        "endpoint.yml": "name: mybatchedp\ndeployments:\n"
        + "".join(
            f"  - name: {name}\n    model: {{name: digits, version: 1, path: mnist/models}}\n    compute: local\n"
            f"    environment: {{name: e, version: 1, image: x}}\n"
            f"    code_configuration: {{code: scripts, scoring_script: {name}.py}}\n"
            for name in ("norun", "threeargs", "yields", "initarg", "isasync", "fine")
        ),
        "scripts/norun.py": "def runn(mini_batch):\n    return mini_batch\n",
        "scripts/threeargs.py": "def run(mini_batch, mini_batch_context, more):\n    return mini_batch\n",
        "scripts/yields.py": "def run(mini_batch):\n    for item in mini_batch:\n        yield item\n",
        "scripts/initarg.py": "def init(context):\n    pass\n\n\ndef run(mini_batch):\n    return mini_batch\n",
        "scripts/isasync.py": "async def run(mini_batch):\n    return mini_batch\n",
        "scripts/fine.py": "try:\n    from other import run\nexcept ImportError:\n    run = print\n",
    },
    "unsupported": {
        "endpoint.yml": "name: mybatchedp\ndefaults: {deployment_name: prepared}\n",
        "prepared.yml": "name: prepared\nendpoint_name: mybatchedp\ntype: pipeline\ncomponent: pipeline.yml\n"
        "settings: {default_compute: batch-cluster, continue_on_step_failure: false}\n",
        "snapshot.yml": "$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponentBatchDeployment.schema.json\n"
        "name: snapshot\njob_definition: azureml:nightly\n",
        "said.yml": "kind: deployment\nname: said\ntype: pipeline\n",
        "pipeline.yml": "$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json\n"
        "name: score_hearts\ntype: pipeline\ninputs: {data: {type: uri_folder}}\njobs:\n  score:\n    type: parallel\n"
        "    component: score.yml\n    inputs: {data: '${{parent.inputs.data}}'}\n",
        "score.yml": "name: score\ntype: parallel\ninput_data: ${{inputs.data}}\nmini_batch_size: '10'\n"
        "task: {type: run_function, code: src, entry_script: score.py, append_row_to: '${{outputs.scores}}'}\n",
        "prepare.yml": "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\ntype: command\n"
        "code: src\nenvironment: azureml:curated@latest\ncommand: python prepare.py --data ${{inputs.data}}\n",
        "inputs.yml": "inputs:\n  data: {type: uri_folder, path: data}\n",
    },
    "workspace": {
        "bep.yml": "workspace: taxi\nprovder: {local: {}}\nspecs:\n  - comput.yml\n  - endpoints/*.yml\n"
        "  - {file: add.yml, endpont: mybatchedp}\nvariables:\n  instances: {type: int, default: 1}\nstate: {}\n",
    },
    "variables": {
        "bep.yml": "workspace: taxi\nspecs: [compute.yml, blob.yml]\nvariables:\n  nodes: {type: integer, default: many}\n"
        "  region: {description: where}\n  key: {sensitive: true}\n",
        "compute.yml": "name: cpu-cluster\ntype: amlcompute\nmax_instances: ${{ var.nodes }}\nlocation: ${{ var.regoin }}\n"
        "size: ${{ var.region }}\ndescription: ${{ env.HOME }}\ntags: {a: '${{ inputs.x }}', key: '${{ var.key }}'}\n",
        "blob.yml": "name: blob\ntype: azure_blob\naccount_name: a\ncontainer_name: b\n"
        "credentials: {account_key: '${{ env.BLOB_KEY }}'}\n",
    },
}


@pytest.mark.parametrize("name", FILES)
def test_broken_specs(name: str, article: Workbench, golden: Callable[[str, str], None]) -> None:
    (article.root / "compute.yml").unlink()
    article.write("bep.yml", "workspace: taxi\n")
    (article.root / "empty").mkdir()
    for path, text in FILES[name].items():
        article.write(path, text.encode("utf-8", "surrogateescape"))
    loaded = article.load()
    assert loaded.findings
    golden(f"schemas/{name}.txt", findings_text(findings_said(loaded.findings), loaded.sources))


def test_machines_read_the_same_findings(article: Workbench, golden: Callable[[str, str], None]) -> None:
    article.write("bep.yml", "workspace: taxi\n")
    for path, text in FILES["misspelt"].items():
        article.write(path, text)
    loaded = article.load()
    golden("schemas/misspelt.json", findings_json(loaded.findings))
    golden("schemas/misspelt.github.txt", findings_github(loaded.findings))
    assert len(json.loads(findings_json(loaded.findings))["findings"]) == len(loaded.findings)


def test_colour_changes_nothing_else(article: Workbench) -> None:
    import re

    article.write("model.yml", FILES["misspelt"]["model.yml"])
    loaded = article.load("model.yml")
    coloured = findings_text(loaded.findings, loaded.sources, colour=True)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == findings_text(loaded.findings, loaded.sources)


def test_nothing_wrong_is_no_text() -> None:
    assert findings_text((), {}) == ""
    assert findings_github(()) == ""


def test_alike_findings_are_grouped(bench: Workbench) -> None:
    for number in range(240):
        bench.write(f"e{number}.yml", f"kind: endpoint\nname: x{number}_\ndefaults: {{}}\nstrange{number}: 1\n")
    bench.write("other.yml", "kind: compute\nname: cpu\n")
    bench.write("bep.yml", "workspace: taxi\n")
    loaded = bench.load()
    text = findings_text(loaded.findings, loaded.sources)
    assert len(loaded.findings) == 2 * 240 + 1
    assert text.count("\n    and 230 more like it in 230 files; -o json has them all") == 2
    assert text.count("error:") == 2 * 10 + 1
    assert "other.yml:1:1: error: compute/cpu: " in text
    assert text.endswith("481 errors.\n")


def test_a_name_that_is_too_short_is_one_finding(bench: Workbench) -> None:
    inline = "name: blue\nendpoint_name: letters\ncompute: local\nmodel: azureml:m:1\n"
    for text in (
        "kind: endpoint\nname: d0\n",
        f"kind: endpoint\nname: letters\ndeployments: [{{{inline.replace('blue', 'd0').replace(chr(10), ', ')}}}]\n",
    ):
        bench.write("e.yml", text)
        found = [finding for finding in bench.load("e.yml").findings if "d0" in finding.message]
        assert [finding.code for finding in found] == ["bad-length"]
        assert "3 to 32 characters: letters, digits and dashes" in found[0].fix
