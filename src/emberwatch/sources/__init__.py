"""One file per site that we can read."""
