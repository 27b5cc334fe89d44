"""What a `$schema` names: a kind of bep's, or what else Azure ML describes in YAML. Only whole names count."""

from functools import cache

from bep.schemas.kinds.kind import load_kinds

ONLINE_ENDPOINT = "an online endpoint"
ONLINE_DEPLOYMENT = "an online deployment"

_OTHERS = {
    "managedOnlineEndpoint": ONLINE_ENDPOINT,
    "kubernetesOnlineEndpoint": ONLINE_ENDPOINT,
    "onlineEndpoint": ONLINE_ENDPOINT,
    "managedOnlineDeployment": ONLINE_DEPLOYMENT,
    "kubernetesOnlineDeployment": ONLINE_DEPLOYMENT,
    "onlineDeployment": ONLINE_DEPLOYMENT,
    "serverlessEndpoint": "a serverless endpoint",
    "marketplaceSubscription": "a marketplace subscription",
    "commandJob": "a command job",
    "pipelineJob": "a pipeline job",
    "sweepJob": "a sweep job",
    "sparkJob": "a Spark job",
    "autoMLJob": "an AutoML job",
    "parallelJob": "a parallel job",
    "importJob": "an import job",
    "dataTransferJob": "a data transfer job",
    "fineTuningJob": "a fine-tuning job",
    "distillationJob": "a distillation job",
    "sparkComponent": "a Spark component",
    "parallelComponent": "a parallel component",
    "importComponent": "an import component",
    "autoMLComponent": "an AutoML component",
    "dataTransferComponent": "a data transfer component",
    "monitorSchedule": "a monitor",
    "monitoringSchedule": "a monitor",
    "workspace": "a workspace of Azure ML",
    "workspaceHub": "a hub of Azure ML",
    "hub": "a hub of Azure ML",
    "project": "a project of Azure ML",
    "registry": "a registry",
    "connection": "a connection",
    "computeInstance": "a compute instance",
    "vmCompute": "an attached virtual machine",
    "virtualMachineCompute": "an attached virtual machine",
    "kubernetesCompute": "a Kubernetes compute",
    "aksCompute": "a Kubernetes compute",
    "synapseSparkCompute": "an attached Synapse Spark pool",
    "attachedSynapseSparkCompute": "an attached Synapse Spark pool",
    "featureStore": "a feature store",
    "featureSet": "a feature set",
    "featureSetSpec": "the specification of a feature set",
    "featureStoreEntity": "an entity of a feature store",
    "dataImport": "a data import",
    "dataIndex": "an index",
    "index": "an index",
    "modelVersionPackage": "a model package",
    "modelPackage": "a model package",
    "deploymentTemplate": "a deployment template",
    "capabilityHost": "a capability host",
    "flow": "a flow of prompt flow",
    "run": "a run of prompt flow",
}
"""Names: those of Azure/azure-sdk-for-python's azure-ai-ml and of Azure/azureml-examples, 2021 to 2026."""


@cache
def _kinds() -> dict[str, str]:
    return {written: name for name, kind in load_kinds().items() for written in kind.schema_names}


@cache
def _others() -> dict[str, str]:
    return {name.lower(): what for name, what in _OTHERS.items()}


def schema_name(url: str) -> str:
    """The name in a `$schema`: `batchDeployment` of `https://.../latest/batchDeployment.schema.json`."""
    return url.rstrip("/").rpartition("/")[2].rpartition("\\")[2].partition(".")[0]


@cache
def schema_kind(url: str) -> str | None:
    """The kind of bep's that a `$schema` names."""
    return _kinds().get(schema_name(url).lower())


@cache
def other_kind(url: str) -> str:
    """What else of Azure ML a `$schema` names, with its article; nothing if it names none that is known."""
    name = schema_name(url).lower()
    return _others().get(name, "a connection" if name.endswith("connection") else "")
