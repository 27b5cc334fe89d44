"""Shares: what many machines see of one job, a folder of all or a store."""
