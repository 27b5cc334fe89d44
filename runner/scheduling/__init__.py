"""Scheduling: which items are called next, for how long, and what a death costs. Knows no output format."""
