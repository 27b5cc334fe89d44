"""A job's folder: its record, its journal and its parts."""
