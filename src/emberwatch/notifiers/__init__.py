"""One file per channel through which people are told."""
