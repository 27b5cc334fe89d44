"""The datastores as a storage account, as far as the released clients use one."""
