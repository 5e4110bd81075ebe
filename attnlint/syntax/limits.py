"""How much text is read at all, and how deep it may nest.

Trees take hundreds of bytes for each byte of the code that they are made of.
"""

import sys

MAX_SOURCE = 4_000_000
"""Characters of Python in one document; ``ast`` takes up to a gigabyte for that many."""
MAX_DEFINITION = 300_000
"""Characters of one definition; libcst takes up to half a gigabyte for that many."""
BOUNDS_CALLS_THROUGH_C = sys.version_info[:2] == (3, 12)
"""Whether Python allows few calls through C inside of one another, whatever the stack; an analysis needs several for a
level of its code, and for each step of a derivation."""
MAX_DEPTH = 400 if BOUNDS_CALLS_THROUGH_C else 1000
"""The deepest nesting of expressions that libcst is given; at 8,000 it ends the process."""
