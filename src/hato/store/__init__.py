"""Where mail is kept: edges and services see `api`, `model`, `changes` and `directory` only."""
