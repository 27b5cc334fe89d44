"""State: the state file, its journal, its lock and its backups. Knows no world."""
