"""Who bep is for Azure, whatever it asks there. Knows no world, no state and no workspace."""
