"""Words that everybody shares. Uses the standard library and msgspec; nothing else of Hato."""
