"""The doors of a real service: who is let in, and what is refused."""
