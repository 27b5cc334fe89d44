"""Inputs: what a job scores, listed once in order."""
