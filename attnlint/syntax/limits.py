"""How much text is read at all, and how deep it may nest.

Trees take hundreds of bytes for each byte of the code that they are made of.
"""

import sys

MAX_SOURCE = 4_000_000
"""Characters of Python in one document; ``ast`` takes up to a gigabyte for that many."""
MAX_DEFINITION = 300_000
"""Characters of one definition; libcst takes up to half a gigabyte for that many."""
MAX_WEIGHT = 600_000
"""Characters of one definition in brackets, each counted once a level; libcst takes up to a gigabyte for that many."""
_PYTHON = sys.version_info[:2]
"""Python 3.12 and 3.13 bound calls through C inside of one another, whatever the stack: to 1,500 and 10,000."""
MAX_DEPTH = 400 if _PYTHON == (3, 12) else 1000
"""The deepest nesting of expressions that libcst is given; at 8,000 it ends the process."""
MAX_STEPS = {(3, 12): 400, (3, 13): 2_000}.get(_PYTHON, 1_000_000)
"""Steps of a derivation, each made for the one before: nothing is known of what takes more."""
