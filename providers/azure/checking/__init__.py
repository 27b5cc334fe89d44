"""Whether a workspace and its specs are fit: rights, quotas, names, what Azure has none of. Changes nothing."""
