"""Jobs: job.yml and what overrides it. Opens no file itself."""
