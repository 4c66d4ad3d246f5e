"""Mail accounts elsewhere: what a person said of each, where it is kept, and its secret."""
