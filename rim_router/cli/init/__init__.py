"""``rim-router init``."""
