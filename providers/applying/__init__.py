"""Applying: a plan carried out against a provider, every step in the journal first. Knows no world."""
