"""How much text is read at all. Trees take hundreds of bytes for each byte of the code that they are made of."""

MAX_SOURCE = 4_000_000
"""Characters of Python in one document; ``ast`` takes up to a gigabyte for that many."""
MAX_DEFINITION = 300_000
"""Characters of one definition; libcst takes up to half a gigabyte for that many."""
