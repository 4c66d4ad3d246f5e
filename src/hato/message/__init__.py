"""A letter: look at its octets, build others. Pure: no clock, no chance, no outside world."""
