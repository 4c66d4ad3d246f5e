"""Who gets in, by whichever protocol and mechanism."""
