"""`hato fetch`: the mail of accounts elsewhere, fetched now."""
