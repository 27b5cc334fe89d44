"""Results: what `run()` returned -> rows in the format of the job. Standard library only; knows no process."""
