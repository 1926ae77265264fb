"""``python -m rim_router``, the same as ``rim-router``."""

import sys

from rim_router.cli import main

if __name__ == "__main__":
    sys.exit(main())
