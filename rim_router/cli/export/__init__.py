"""``rim-router export``."""
