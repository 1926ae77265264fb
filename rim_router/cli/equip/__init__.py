"""``rim-router equip``."""
