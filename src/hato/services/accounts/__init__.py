"""People, domains, addresses and passwords, as an operator manages them."""

from hato.services.accounts.accounts import Accounts

__all__ = ["Accounts"]
