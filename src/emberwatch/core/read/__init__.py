"""What a post says: does it speak of a brand, in which language, and how angrily."""
