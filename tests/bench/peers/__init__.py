"""What we measure ourselves against, each with its own tools."""
