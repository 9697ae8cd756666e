"""emberwatch gets a brand's people to an angry conversation while it can still be answered."""

__version__ = "0.1.0"
