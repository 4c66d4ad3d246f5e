"""Letters that are written, answered, passed on, and sent."""
