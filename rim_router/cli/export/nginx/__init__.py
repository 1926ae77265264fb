"""The same routes as one index for any client: a complete configuration of nginx."""
