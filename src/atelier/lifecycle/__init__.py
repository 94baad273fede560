"""What happens to any family: runs, register, gate, packs. Names no family."""
