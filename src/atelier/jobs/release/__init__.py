"""What goes live: publish, withdraw, collect."""
