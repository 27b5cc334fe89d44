"""MLflow models that come without code, one file a call. Uses the environment's mlflow and pandas; knows no runner."""
