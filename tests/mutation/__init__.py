"""Small faults planted in the modules that decide what is lost: a test must fail for each. Beside the suite."""
