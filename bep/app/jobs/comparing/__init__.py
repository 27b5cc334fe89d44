"""Two jobs of one endpoint on the same inputs, row by row. Reads their outputs once, and holds what it tells of."""
