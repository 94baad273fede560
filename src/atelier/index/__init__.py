"""The searchable catalogue: item facts, vectors and thumbnails in LanceDB; built, verified and asked here."""
