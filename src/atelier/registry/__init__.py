"""Stores runs, model versions and figures for reviewers in MLflow; the only room that imports it."""
