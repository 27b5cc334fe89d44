"""Drafts: resources on their way to canonical form, with what is wrong with them so far. Knows no workspace."""
