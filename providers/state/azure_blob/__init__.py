"""A state in a container of Azure Blob Storage: leases for locks, conditions for fences. Knows no plan and no world."""
