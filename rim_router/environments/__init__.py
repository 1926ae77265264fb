"""Environments, this one and others: what is in their site-packages, and putting this plugin there."""
