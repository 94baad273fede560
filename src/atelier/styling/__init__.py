"""Sets from a release: around items, by the million, laid out as pictures. Needs no training code."""
