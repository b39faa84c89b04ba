"""``python -m xrserver`` is the ``xrserver`` command."""

import sys

from xrserver.cli import main

if __name__ == "__main__":
    sys.exit(main())
