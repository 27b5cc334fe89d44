"""Reporting: what came of a job, for a person. Changes nothing."""
