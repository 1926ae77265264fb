"""``rim-router audit``."""
