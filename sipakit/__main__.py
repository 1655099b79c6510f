"""``python -m sipakit`` is the command ``sipakit``."""

import sys

from sipakit.cli import main

sys.exit(main())
