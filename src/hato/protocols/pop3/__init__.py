"""POP3 as a conversation: commands, replies, their grammar, the state table and the machine."""
