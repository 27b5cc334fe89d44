"""A job on many nodes of a Ray cluster: how it gets there. Knows no spec and no state."""
