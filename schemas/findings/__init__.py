"""Findings: what is wrong, where, and how to mend it. Knows no rule."""
