"""Scoring jobs of Azure ML's batch endpoints: started, followed, cancelled; their logs and outputs. Knows no spec."""
