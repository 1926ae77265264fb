"""``rim-router explain``."""
