"""Jobs: a run from a request to a record, and every way to go on with one."""
