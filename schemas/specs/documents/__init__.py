"""Documents: which files are read, what each document declares, and in which dialect. Knows no resource."""
