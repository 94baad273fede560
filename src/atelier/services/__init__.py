"""Local processes: the Prefect server, MLflow's pages, the worker and serving, started and ended together."""
