"""Events on disk: where they are, how they are written, how they are read back."""
