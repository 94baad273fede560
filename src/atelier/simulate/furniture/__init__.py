"""What draws furniture: one module a kind of thing, `showroom.py` lists them all."""
