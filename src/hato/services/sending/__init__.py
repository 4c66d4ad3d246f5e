"""Sending: identities, the outbox, and the way of each letter to its own account's server."""
