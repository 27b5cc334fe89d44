"""Azure Machine Learning as a world: the resources of a workspace, by generic operations of Azure Resource Manager."""
