"""The order of the jobs: what follows what, what is tried again, what may run at once, and when it runs."""
