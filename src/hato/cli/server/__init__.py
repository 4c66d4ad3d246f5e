"""The server's own verbs: to run it, look after it, and hand letters to it."""
