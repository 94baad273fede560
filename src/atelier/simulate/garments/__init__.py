"""Draws each article type: one function a type, listed in `wardrobe.DRAWERS`."""
