"""Environments of the local world: built, kept and found again. Knows no object of the catalog."""
