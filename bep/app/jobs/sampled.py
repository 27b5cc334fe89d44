"""How a sample went, and who takes its lines, by the names that faces use."""

from bep.runner.jobs.sampling import Sampled, Show

__all__ = ["Sampled", "Show"]
