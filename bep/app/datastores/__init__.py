"""The files of datastores that are folders here, as a storage account has them: fetched, sent. Knows no face."""
