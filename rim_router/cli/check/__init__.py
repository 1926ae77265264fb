"""``rim-router check``."""
