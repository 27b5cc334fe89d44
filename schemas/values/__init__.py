"""Values of the formats bep writes and reads back: frozen, strictly read, without pydantic while they are sound."""
