"""``rim-router demo``."""
