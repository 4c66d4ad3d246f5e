"""SASL: how one side proves to the other who it is, mechanism by mechanism, both sides. Pure."""
