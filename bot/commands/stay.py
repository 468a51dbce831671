"""`run --stay`: for supervisors that start again whatever ends, as Docker does, whatever its exit code says."""

import signal
import sys


def wait_to_be_stopped() -> None:
    """Until SIGTERM or Ctrl-C. Said once: a restart a minute would only bury the reason in the log."""
    numbers = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # the first process of a container has no other way to hear them
    sys.stderr.write("The bot is not running. Mend this, then: docker compose up --detach --force-recreate\n")
    sys.stderr.flush()
    signal.sigwait(numbers)
