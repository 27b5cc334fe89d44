"""Processes: the workers of the embedded engine. Knows no manifest and no mini-batch."""
