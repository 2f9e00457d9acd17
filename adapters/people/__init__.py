"""People: the key of each, and the proofs of who they are."""
