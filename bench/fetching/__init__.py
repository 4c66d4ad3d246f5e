"""Hato beside the programs that people fetch mail with."""
