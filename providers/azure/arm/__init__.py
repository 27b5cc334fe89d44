"""Azure Resource Manager: asked over azure-mgmt-resource, and what it says as bep's errors. Knows no kind."""
