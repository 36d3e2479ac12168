"""A task that ends in the way that it is told to."""

import io
import os
import resource
import signal
import sys
import threading

from metaflow import FlowSpec, Parameter, step


def exhaust():
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    return bytearray(2**34)


def recurse():
    return recurse()


def raise_with_cause():
    try:
        {}["a"]
    except KeyError as error:
        raise RuntimeError("of ä two") from error


def fail_at_exit():
    import atexit

    atexit.register(lambda: 1 / 0)


def fail_in_thread():
    thread = threading.Thread(target=lambda: 1 / 0, name="T")
    thread.start()
    thread.join()


def close_streams():
    print("last")
    sys.stdout.close()
    sys.stderr.close()


class Unfinished(io.RawIOBase):
    """What cannot be flushed, as a `GzipFile` that a daemon thread is compressing with."""

    def flush(self):
        raise ArithmeticError("inconsistent stream state")


def leave_unfinished():
    global unfinished, opening
    unfinished = Unfinished()
    # As a daemon thread leaves what it is just opening: it cannot even be asked if it is closed.
    opening = io.BufferedReader.__new__(io.BufferedReader)


WAYS = {
    "well": lambda: None,
    "exception": raise_with_cause,
    "exit 3": lambda: sys.exit(3),
    "exit 300": lambda: sys.exit(300),
    "exit text": lambda: sys.exit("a tëxt"),
    "exit none": lambda: sys.exit(None),
    "exit 0": lambda: sys.exit(0),
    "_exit 0": lambda: os._exit(0),
    "_exit 5": lambda: os._exit(5),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "term": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    "abort": os.abort,
    "memory": exhaust,
    "recursion": recurse,
    "fail at exit": fail_at_exit,
    "fail in thread": fail_in_thread,
    "close streams": close_streams,
    "leave unfinished": leave_unfinished,
}


class EndingsFlow(FlowSpec):
    way = Parameter("way")

    @step
    def start(self):
        print("before", self.way)
        sys.stderr.write("no line feed")
        WAYS[self.way]()
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    EndingsFlow()
