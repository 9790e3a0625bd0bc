"""`python -m vampcore`."""

import sys

from vampcore.commands import main

if __name__ == "__main__":
    sys.exit(main())
