"""What is the matter with a server, or with an account elsewhere, and what helps."""
