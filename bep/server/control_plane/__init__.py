"""Resources over the routes of Azure Resource Manager, as the released clients ask for them."""
