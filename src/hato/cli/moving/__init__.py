"""Mail brought in from other programs' files, and written as files for them."""
