"""The design as tests: sizes, words, directions, what is committed and how it is installed."""
