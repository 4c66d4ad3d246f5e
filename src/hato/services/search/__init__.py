"""Searching: words of letters, what a person asks for, and the index that answers."""
