"""The signals that say to stop."""

import signal


def find_stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop a server: those that whoever began it has not had ignored.

    ``nohup`` has the end of a terminal ignored, and a shell the interruption of what is in its
    background.
    """
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    return tuple(one for one in signals if signal.getsignal(one) is not signal.SIG_IGN)
