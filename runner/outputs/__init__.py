"""Outputs: what workers wrote, put together and published."""
