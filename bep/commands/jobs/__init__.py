"""The commands about jobs, and what they draw."""
