"""All the decisions: pure functions from values to values."""
