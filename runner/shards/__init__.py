"""A prepared job in a share: its ranges scored by many machines, how far they are, and merged into the job."""
