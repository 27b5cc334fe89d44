"""Azure Machine Learning's control plane, doubled: a server that misbehaves as the service does; what is published."""
