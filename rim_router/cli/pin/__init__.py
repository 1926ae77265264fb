"""``rim-router pin``."""
