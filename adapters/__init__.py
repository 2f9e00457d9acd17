"""The world: the tape, NATS, venues, feeds, and the servers we run ourselves."""
