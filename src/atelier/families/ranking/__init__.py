"""Ranking: predicts which sets a user clicks from the user's earlier clicks."""
