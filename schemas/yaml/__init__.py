"""YAML: bytes to nodes with their places, and a text with one value exchanged. Knows no kind."""
