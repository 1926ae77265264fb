"""``rim-router rim``."""
