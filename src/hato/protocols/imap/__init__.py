"""IMAP: so far only how a conversation opens."""
