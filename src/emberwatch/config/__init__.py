"""The configuration file: read as text, checked whole, turned into model values."""
