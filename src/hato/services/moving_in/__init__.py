"""Moving in: what fetchmail, getmail and mpop knew of a person's mail accounts becomes Hato's."""
