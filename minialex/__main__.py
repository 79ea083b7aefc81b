"""`python -m minialex` is the command `minialex`."""

import sys

from minialex.cli import main

if __name__ == "__main__":
    sys.exit(main())
