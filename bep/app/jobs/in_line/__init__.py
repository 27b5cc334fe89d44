"""Jobs of this machine in the line of their compute: wanted, ordered, waited for, hosted. Prints nothing."""
