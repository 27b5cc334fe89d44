"""The pages: a workspace, its jobs and plans, for people with a browser."""
