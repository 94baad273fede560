"""How each article type is drawn: one function a type, gathered in `wardrobe.DRAWERS`."""
