"""Options declared, the usual line of words read at once, and any other by typer. Knows no command."""
