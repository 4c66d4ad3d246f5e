"""The help of the command line in Japanese."""
