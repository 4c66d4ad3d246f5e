"""`hato account …` and `hato check`: the mail accounts elsewhere."""
