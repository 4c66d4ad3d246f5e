"""Words that everybody shares. Standard library only; imports nothing else of Hato."""
