"""Conversations as state machines: bytes in, typed commands out; typed replies in, bytes out."""
