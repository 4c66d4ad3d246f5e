"""Who has mail here: domains, people, addresses, app passwords."""
