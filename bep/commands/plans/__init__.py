"""What the commands about plans draw and ask."""
