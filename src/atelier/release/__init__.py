"""What goes out together: the manifest of a release, the gate, and the one step that makes it live."""
