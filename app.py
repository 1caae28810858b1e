"""Start the web page: the same as ``advisor serve``."""

import sys

from advisor.cli import main

if __name__ == "__main__":
    sys.argv = ["advisor", "serve"]
    main()
