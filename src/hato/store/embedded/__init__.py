"""The store in a folder of this machine: per account a journal, and an index made from it."""

from hato.store.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
