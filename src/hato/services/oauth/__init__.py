"""Authorisation at a provider by OAuth 2.0: a token instead of a password."""
