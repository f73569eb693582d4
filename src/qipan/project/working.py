"""The worker process: background jobs, with the rules watching the store in a thread beside them."""

import os
import threading

from qipan.kernel.jobs import process
from qipan.kernel.sensing.rules import runner

STOP_S = 4.0


def run() -> None:
    """Work until SIGTERM; a rules thread that hangs in the database does not hold up the end."""
    stop = threading.Event()
    rules = runner.start(stop)
    process.run()
    stop.set()
    rules.join(STOP_S)
    if rules.is_alive():
        os._exit(0)
