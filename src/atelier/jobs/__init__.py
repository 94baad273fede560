"""Implement each job as a plain function, callable without a flow or a command."""
