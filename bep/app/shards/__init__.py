"""Jobs cut into shards: prepared here, scored by many machines, merged here. Prints nothing."""
