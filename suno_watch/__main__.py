"""`python -m suno_watch`."""

import sys

from suno_watch import main

sys.exit(main())
