"""The pages of jobs: the list, each job piece by piece, and what a person does with one."""
