"""A prepared job on many nodes of a Ray cluster: how it gets there, and who scores what. Knows no spec and no state."""
