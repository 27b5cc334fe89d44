"""Real Ray clusters on this machine: nodes that can be killed, frozen and cut off, and what bep does there."""
