"""Checking: a document against its schema, each refusal said so that a person can mend it. Knows no kind."""
