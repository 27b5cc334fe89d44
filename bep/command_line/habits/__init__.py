"""What hands type that know Terraform or az ml, and what does it here. Pure: carries nothing out."""
