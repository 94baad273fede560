"""Finds the items of a photo: a box, a kind and a score for each, and which of them the photo is about."""
