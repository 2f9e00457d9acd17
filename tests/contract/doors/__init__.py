"""The HTTP contract: what every door does, and how the API is described."""
