"""The tests of rim-router."""
