"""The command line: `hato …`, one file per verb."""
