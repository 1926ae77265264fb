"""``rim-router doctor``."""
