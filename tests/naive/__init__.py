"""
The account once more, slow and simple: written from the text of the specification alone.

Nothing here is imported from the rooms, and amounts are fractions, so that a mistake in the
domain cannot be in here as well.
"""
