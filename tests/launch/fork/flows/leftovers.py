"""Tasks that leave something behind, and libraries that compute in threads."""

import atexit
import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import weakref

from metaflow import FlowSpec, Parameter, step


def square(number):
    return number * number


def say_later(seconds, thread):
    time.sleep(seconds)
    # In one call of the system: a line and its end of two threads at once would mix.
    os.write(1, f"said by {thread} that was left\n".encode())


class LeftoversFlow(FlowSpec):
    megabytes = Parameter("megabytes", default=2)

    @step
    def start(self):
        threading.Thread(target=say_later, args=(0.2, "a thread")).start()
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        atexit.register(print, "at exit")
        self.keep = None
        global unclosed, pool
        unclosed = open("unclosed.txt", "w")  # noqa: SIM115
        unclosed.write("written, not closed")
        weakref.finalize(LeftoversFlow, print, "finalizer")
        pool = concurrent.futures.ThreadPoolExecutor(2)
        pool.submit(say_later, 0.4, "the thread of a pool")
        self.next(self.processes)

    @step
    def processes(self):
        with open("unclosed.txt") as file:
            self.read = file.read()
        self.method = multiprocessing.get_start_method()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.forked = pool.map(square, range(4))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            self.spawned = pool.map(square, range(4))
        from joblib import Parallel, delayed

        self.loky = Parallel(n_jobs=2)(delayed(square)(i) for i in range(4))
        self.said = subprocess.check_output([sys.executable, "-c", "print(input())"], input=b"in")
        multiprocessing.get_context("fork").Process(target=square, args=(2,)).start()
        subprocess.Popen(["sh", "-c", "sleep 0.3; echo said by a process that was left"])
        time.sleep(0.6)
        self.next(self.output)

    @step
    def output(self):
        line = "x" * 1023 + "\n"
        for _ in range(int(self.megabytes) * 1024):
            sys.stdout.write(line)
        os.write(1, b"not \xff\xfe text\n")
        print("äöü 漢字 \N{SNOWMAN}")
        print("no line feed", end="")
        print("   led by spaces", file=sys.stderr)
        self.next(self.learn)

    @step
    def learn(self):
        import numpy as np
        from sklearn.cluster import KMeans
        from sklearn.ensemble import HistGradientBoostingRegressor

        rng = np.random.default_rng(0)
        X = rng.normal(size=(2000, 5))
        y = X[:, 0] * 2 + X[:, 1]
        self.score = round(HistGradientBoostingRegressor(max_iter=20).fit(X, y).score(X, y), 6)
        self.inertia = round(float(KMeans(3, random_state=0, n_init=1).fit(X).inertia_), 3)
        self.product = round(float((X.T @ X).sum()), 3)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    LeftoversFlow()
