"""A written storm in five languages, for a first look and for tests."""
