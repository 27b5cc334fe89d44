"""Bytes in the workspace's datastores: where they lie, sent there, brought back. Knows no plan."""
