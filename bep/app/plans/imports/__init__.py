"""What exists, taken over: found, declared in YAML, taken into state. Prints nothing."""
