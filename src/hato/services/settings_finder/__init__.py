"""Which servers an address has: from what is known, published and usual, in that order."""
