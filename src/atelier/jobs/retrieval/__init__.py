"""Photo search as jobs: its material, examination, gate and release files."""
