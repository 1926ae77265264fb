"""What the tests need: packages, index servers, environments with a given pip, tables."""
