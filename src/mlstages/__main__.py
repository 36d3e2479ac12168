"""``python -m mlstages`` is the command ``mlstages``."""

import sys

from mlstages.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
