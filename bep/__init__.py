"""bep: plan, apply and run machine-learning batch endpoints. Imports nothing, so that starting is quick."""

__version__ = "0.1.0"
