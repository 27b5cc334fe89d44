"""A job as it was asked for, made a request that the runner can carry out, or refused. Starts no job."""
