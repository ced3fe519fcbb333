"""``python -m kiosk`` is the ``mensa`` command."""

import sys

from kiosk.cli import main

sys.exit(main())
