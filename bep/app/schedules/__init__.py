"""Schedules that run on this machine: which are due, the jobs they order, what was considered. Prints nothing."""
