"""Objects of any world as Azure Machine Learning would answer them, for its own clients. Pure."""
