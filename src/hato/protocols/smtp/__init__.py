"""SMTP and what is spoken like it: LMTP now, submission and SMTP with other tables."""
