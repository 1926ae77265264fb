"""Comparisons of rim-router with its peers: each module answers one question and prints a table."""
