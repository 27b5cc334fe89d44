"""The workspace: opened, read, shown. Prints nothing."""
