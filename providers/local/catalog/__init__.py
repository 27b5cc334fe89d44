"""The local world's catalog: every object in one SQLite file."""
