"""Mail that is here, read and put in order: lists, letters, folders, search."""
