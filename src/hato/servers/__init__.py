"""Edges: each turns the commands of its protocol into calls of services and store, and back."""
