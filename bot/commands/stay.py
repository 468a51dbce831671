"""`run --stay`: for supervisors, such as Docker, that restart the program whatever its exit code."""

import signal
import sys


def wait_to_be_stopped() -> None:
    """Waits for SIGTERM or Ctrl-C. A restart every minute would only bury the reason in the log."""
    numbers = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # process 1 of a container has no default handlers
    sys.stderr.write("The bot is not running. Fix this, then: docker compose up --detach --force-recreate\n")
    sys.stderr.flush()
    signal.sigwait(numbers)
