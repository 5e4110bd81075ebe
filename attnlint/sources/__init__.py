"""Where source text comes from: finding files and reading them. Nothing here knows Python's syntax."""
