"""The command line: `hato …`, one file per verb, in folders by what the verbs are about."""
