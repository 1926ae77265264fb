"""``rim-router guard``."""
