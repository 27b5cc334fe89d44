"""The specs as a template for others to deploy, in two languages; one job as a parallel job. Pure; asks nobody."""
