"""Services and environments that `make test-all` gets from the registries, for tests that skip without them."""
