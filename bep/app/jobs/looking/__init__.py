"""A job, looked at piece by piece: where it is, what failed, what it said, what it wrote. Reads only; knows no face."""
