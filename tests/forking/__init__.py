"""Commands of bep as tests start them by the thousand: processes that are forked from one that has imported bep."""
