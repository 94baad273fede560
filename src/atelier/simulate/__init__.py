"""Generated worlds with known truth: items, shoppers' photos, outfits and clicks, of fashion and of bedrooms."""
