"""Data in: simulated and ingested drops, and their versions."""
