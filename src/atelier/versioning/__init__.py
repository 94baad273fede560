"""Versions of the data, kept by DVC: recorded, verified, restored. The only room that knows DVC."""
