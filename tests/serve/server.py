"""A real `fauxto serve`, for tests that a client inside the same process cannot make."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import psutil


class Server:
    """A real `fauxto serve` in a process of its own."""

    def __init__(self, folder: Path, model: str) -> None:
        words = ["serve", "--port", "0", "--folder", str(folder), "--model", model, "--workers", "1"]
        self.process = subprocess.Popen([sys.executable, "-m", "fauxto", *words], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        said = self.process.stdout.readline().decode()
        assert said.startswith("fauxto serves on http://127.0.0.1:"), said
        self._rest = threading.Thread(target=self.process.stdout.read, daemon=True)
        self._rest.start()  # a pipe that nobody reads is full one day, and the server waits for ever
        self.client = httpx2.Client(base_url=said.split()[-1], timeout=60, trust_env=False)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def kill(self) -> None:
        """As the kernel does it: no handler runs, nothing is put away."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._rest.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
