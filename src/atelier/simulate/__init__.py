"""Generated worlds of fashion and of bedrooms with known truth: items, photos, outfits and clicks."""
