"""Secrets: values that must not be shown, and how they are recognised. Knows no document."""
