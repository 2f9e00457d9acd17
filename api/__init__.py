"""The doors: HTTP, the command line, and the only place that knows everyone."""
