"""A whole family, as small as one can be: a line through (length of the title, length of the id)."""
