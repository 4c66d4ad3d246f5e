"""The store in memory: the readable specification of the contract, and the double for tests."""

from hato.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
