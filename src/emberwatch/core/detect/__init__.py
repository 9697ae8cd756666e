"""What is out of the ordinary: every detector is a keyed fold."""
