"""Fetching mail from accounts elsewhere, so that each message is here once, and safe."""
