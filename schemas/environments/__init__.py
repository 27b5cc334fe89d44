"""Environments: conda and pip files, line by line. Knows no builder."""
