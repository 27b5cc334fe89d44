"""Policies of a workspace: found, judged on a plan, tried on their own cases. Prints nothing."""
