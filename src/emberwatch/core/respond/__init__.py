"""What people should do about it: incidents, routes, briefs and the times to try again."""
