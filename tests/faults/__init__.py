"""Applies that are killed, starved and crossed, in real processes on real files. `python -m tests.faults --help`."""
