"""Runs, model versions and what a reviewer looks at: the only room that knows MLflow."""
