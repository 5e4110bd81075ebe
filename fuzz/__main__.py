"""``python fuzz``: see `driver`."""

import sys

from driver import main

sys.exit(main())
