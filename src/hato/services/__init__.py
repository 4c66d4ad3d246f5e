"""Decisions: may I, where to, again when. Taken here and nowhere else."""
