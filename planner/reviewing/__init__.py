"""What a reviewer should know of a plan: facts, found in values alone. Knows no renderer and no effect."""
