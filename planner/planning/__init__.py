"""Planning: state, world and specs in, a plan out. Pure."""
