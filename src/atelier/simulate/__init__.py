"""A generated fashion world with known truth: items, shoppers' photos, outfits and clicks."""
