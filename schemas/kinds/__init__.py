"""Kinds: what each kind of resource may say, as JSON Schema with words of bep's own."""
