"""Transfer: files to and from other places. Knows no job."""
