"""One file per way of judging how a post sounds."""
