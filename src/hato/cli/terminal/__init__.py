"""The terminal: its width, what may stand on it, passwords and editors."""
