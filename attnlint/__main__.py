"""``python -m attnlint`` is ``attnlint``."""

import sys

from attnlint.cli import main

sys.exit(main())
