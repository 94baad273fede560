"""Draws furniture: one module for each kind of article, all listed in `showroom.py`."""
