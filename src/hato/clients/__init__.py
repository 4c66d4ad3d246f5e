"""Conversations with servers of others: what they say becomes values and errors of the domain."""
