"""How the service answers under load: latency, throughput, refusals, memory, and whether anything is ever lost.

    python benchmarks/service_load.py [--seconds 20] [--pictures FOLDER] [--out FILE.json]

Everything runs on one machine: the real `fauxto serve` with a worker a core, and clients that share its cores. The
pictures are 1-megapixel JPEGs, made here unless a folder of photographs is given. Arms, one after the other:

- `scan`: `fauxto scan --json` of the same files, whole command after its first row: what the service is held against.
- `closed`: as many clients as cores plus one, each sending the next picture when it has the answer: saturation.
- `half`: pictures arrive at random (Poisson) at half of that rate; latency from the moment at which one was due, so a
  server that stalls cannot hide it (no coordinated omission).
- `flood`: 32 clients send without waiting, faster than the queue empties: how many are taken, how many refused with 429
  and Retry-After, and whether each one taken is finished.
- `kill`: the same while the server is killed (SIGKILL) twice and a worker twice: accepted against finished.

CPU milliseconds count what the server and its workers spend on a picture: on a machine that others use too, they are
the better witness. Memory is the resident set of the server process alone and with its workers, sampled over all arms
of one server.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
from PIL import Image

import machine

SIZE = (1152, 864)
QUEUE = 16
FLOOD_CLIENTS = 32
FEWEST = 10
"""Latencies that percentiles are taken of, however slow the machine is."""
PACKAGES = ("fauxto", "fastapi", "uvicorn", "sqlalchemy", "openvino")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of photographs; made here if not given")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each arm")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/service_load.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), arguments.pictures, arguments.seconds)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def measure(folder: Path, pictures: Path | None, seconds: float) -> dict[str, Any]:
    paths = sorted(pictures.glob("*.jpg"))[:24] if pictures else make_pictures(folder / "pictures", 24)
    bodies = [path.read_bytes() for path in paths]
    workers = machine.describe()["cores"]
    began, busy, own = time.monotonic(), machine.busy_cpu(), machine.own_cpu()
    report: dict[str, Any] = {"scan": scan_rate(paths, workers)}
    server = Server(folder / "service", workers)
    with Memory(server) as memory:
        report["closed"] = closed(server, bodies, seconds, clients=workers + 1)
        report["half"] = arriving(server, bodies, seconds, report["closed"]["pictures_a_second"] / 2)
        report["flood"] = flood(server, bodies, seconds / 2)
    report["memory"] = memory.report()
    report["kill"] = kills(server, bodies, seconds)
    server.stop()
    others = None
    if busy is not None:
        others = round((machine.busy_cpu() - busy - (machine.own_cpu() - own)) / (time.monotonic() - began), 2)
    about = {"bytes_a_picture": round(statistics.mean(map(len, bodies))), "workers": workers, "queue": QUEUE}
    ratio = report["closed"]["pictures_a_second"] / report["scan"]["pictures_a_second"]
    return {
        **machine.describe(*PACKAGES),
        "cores_taken_by_others": others,
        "pictures": "photographs" if pictures else "made here",
        **about,
        **report,
        "closed_against_scan": round(ratio, 2),
    }


class Server:
    """A `fauxto serve` that can be killed and started again on the same folder and port."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.workers, self.port = folder, workers, 0
        self.start()

    def start(self) -> None:
        """Start it and wait until a worker is ready."""
        words = ["serve", "--port", str(self.port), "--folder", str(self.folder), "--workers", str(self.workers)]
        command = [sys.executable, "-m", "fauxto", *words, "--queue", str(QUEUE)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().split()[-1]
        self.port = int(self.address.rpartition(":")[2])
        with self.client() as client:
            while client.get("/readyz").status_code != 200:
                time.sleep(0.1)

    def client(self) -> httpx2.Client:
        """A client of it."""
        return httpx2.Client(base_url=self.address, timeout=60, trust_env=False)

    def kill(self) -> None:
        """As the kernel does it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """As an operator does it."""
        self.process.terminate()
        self.process.wait(60)

    def children(self) -> list[psutil.Process]:
        """Its workers."""
        return psutil.Process(self.process.pid).children()

    def cpu(self) -> dict[str, float]:
        """CPU seconds of the server's own process and of its workers so far."""
        own = psutil.Process(self.process.pid)
        children = sum(sum(child.cpu_times()[:2]) for child in own.children())
        return {"server": sum(own.cpu_times()[:2]), "workers": children}


class Memory:
    """Samples the resident set of a server, twice a second."""

    def __init__(self, server: Server) -> None:
        self._server, self._stop = server, threading.Event()
        self._alone: list[int] = []
        self._all: list[int] = []
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        process = psutil.Process(self._server.process.pid)
        while not self._stop.wait(0.5):
            alone = process.memory_info().rss
            self._alone.append(alone)
            self._all.append(alone + sum(child.memory_info().rss for child in process.children()))

    def report(self) -> dict[str, Any]:
        """Medians of the second and last third of the time, and the most."""

        def mib(values: list[int]) -> dict[str, float]:
            third = max(1, len(values) // 3)
            first, last = statistics.median(values[third : 2 * third]), statistics.median(values[-third:])
            return {
                "second_third": round(first / 2**20),
                "last_third": round(last / 2**20),
                "most": round(max(values) / 2**20),
            }

        return {"unit": "MiB", "server": mib(self._alone), "with_workers": mib(self._all)}


def scan_rate(paths: list[Path], workers: int) -> dict[str, Any]:
    """Pictures a second of the command line, from its first row to its last."""
    command = [sys.executable, "-m", "fauxto", "scan", "--json", "--workers", str(workers), *map(str, paths * 4)]
    before = machine.own_cpu()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        times = [time.monotonic() for _ in process.stdout]
    spent = (machine.own_cpu() - before) / len(times)
    return {
        "pictures_a_second": round((len(times) - 1) / (times[-1] - times[0]), 2),
        "cpu_milliseconds_a_picture": round(1000 * spent, 1),  # with the start of the command
    }


def closed(server: Server, bodies: list[bytes], seconds: float, clients: int) -> dict[str, Any]:
    """Each client sends the next picture when it has the answer to the last."""
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds

    def work(seed: int) -> None:
        order = random.Random(seed)
        with server.client() as client:
            while time.monotonic() < end:
                start = time.monotonic()
                statuses[send(client, order.choice(bodies)).status_code] += 1
                latencies.append(time.monotonic() - start)

    began, before = time.monotonic(), server.cpu()
    run(work, clients)
    spent = {name: (after - before[name]) / len(latencies) for name, after in server.cpu().items()}
    return {
        "clients": clients,
        "pictures_a_second": round(len(latencies) / (time.monotonic() - began), 2),
        "cpu_milliseconds_a_picture": {name: round(1000 * seconds, 1) for name, seconds in spent.items()},
        **percentiles(latencies),
        "statuses": dict(statuses),
    }


def arriving(server: Server, bodies: list[bytes], seconds: float, rate: float) -> dict[str, Any]:
    """Pictures that are due at random moments, whether or not the last one was answered."""
    order = random.Random(0)
    due, at = [], 0.0
    while (at := at + order.expovariate(rate)) < seconds or len(due) < FEWEST:
        due.append(at)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.monotonic()

    def one(moment: float) -> None:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        statuses[send(client, bodies[int(moment * 1000) % len(bodies)]).status_code] += 1
        latencies.append(time.monotonic() - began - moment)

    with server.client() as client, ThreadPoolExecutor(64) as threads:
        list(threads.map(one, due))
    return {"rate": round(rate, 2), "sent": len(due), **percentiles(latencies), "statuses": dict(statuses)}


def flood(server: Server, bodies: list[bytes], seconds: float) -> dict[str, Any]:
    """More than the queue takes; every picture that was taken has to be finished."""
    accepted, statuses, waits = pour(server, bodies, seconds, lambda: None)
    began = time.monotonic()
    lost = missing(server, accepted)
    return {
        "statuses": dict(statuses),
        "accepted": len(accepted),
        "refused": statuses[429],
        "refused_without_retry_after": waits.count(None),
        "seconds_until_all_were_finished": round(time.monotonic() - began, 1),
        "lost": lost,
    }


def kills(server: Server, bodies: list[bytes], seconds: float) -> dict[str, Any]:
    """A flood in which the server and its workers are killed."""
    killed: Counter[str] = Counter()

    def disturb() -> None:
        for _ in range(2):
            time.sleep(seconds / 8)
            for child in server.children()[:1]:
                child.kill()
                killed["worker"] += 1
            time.sleep(seconds / 8)
            server.kill()
            killed["server"] += 1
            server.start()

    accepted, statuses, _ = pour(server, bodies, seconds / 2, disturb)
    lost = missing(server, accepted)
    with server.client() as client:
        rows = client.get("/v1/scans", params={"limit": 1}).json()["total"]
        died = client.get("/v1/scans", params={"limit": 1, "outcome": "error"}).json()["total"]
    return {
        "killed": dict(killed),
        "statuses": {str(key): value for key, value in statuses.items()},
        "accepted": len(accepted),
        "accepted_twice": len(accepted) - len(set(accepted)),
        "lost": lost,
        "rows": rows,
        "errors": died,
    }


def pour(
    server: Server, bodies: list[bytes], seconds: float, meanwhile: Callable[[], None]
) -> tuple[list[str], Counter[Any], list[str | None]]:
    """Send without waiting for results; ids of what was accepted, statuses, and the Retry-After of each refusal.

    A broken connection counts as "broken", and the picture is sent again under the same idempotency key.
    """
    accepted: list[str] = []
    statuses: Counter[Any] = Counter()
    waits: list[str | None] = []
    end = time.monotonic() + seconds
    disturber = threading.Thread(target=meanwhile)

    def work(seed: int) -> None:
        order, key = random.Random(seed), ""
        with httpx2.Client(timeout=60, trust_env=False) as client:
            while time.monotonic() < end or disturber.is_alive() or key:
                key = key or os.urandom(8).hex()
                headers = {"Prefer": "respond-async", "Idempotency-Key": key}
                body = bodies[int(key, 16) % len(bodies)]
                try:
                    answer = client.post(f"{server.address}/v1/scans", files={"file": ("a.jpg", body)}, headers=headers)
                except httpx2.HTTPError:
                    statuses["broken"] += 1
                    time.sleep(0.2)
                    continue
                statuses[answer.status_code] += 1
                if answer.status_code < 300:
                    accepted.append(answer.json()["id"])
                    key = ""
                elif answer.status_code == 429:
                    waits.append(answer.headers.get("retry-after"))
                    key = "" if time.monotonic() > end else key
                    time.sleep(order.uniform(0.05, 0.2))  # impatient: less than it was told
                else:
                    time.sleep(0.2)

    disturber.start()
    run(work, FLOOD_CLIENTS)
    disturber.join()
    return accepted, statuses, waits


def missing(server: Server, accepted: list[str], seconds: float = 120) -> int:
    """How many of these scans are not finished in the end."""
    left, end = set(accepted), time.monotonic() + seconds
    with server.client() as client:
        while left and time.monotonic() < end:
            one = next(iter(left))
            answer = client.get(f"/v1/scans/{one}", headers={"Prefer": "wait=20"})
            if answer.status_code == 404:
                break
            if answer.json()["status"] == "done":
                left.discard(one)
    return len(left)


def send(client: httpx2.Client, body: bytes) -> httpx2.Response:
    return client.post("/v1/scans", files={"file": ("a.jpg", body)})


def run(work: Callable[[int], None], clients: int) -> None:
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def percentiles(latencies: list[float]) -> dict[str, Any]:
    found = np.percentile(latencies, [50, 95, 99, 100]) * 1000
    return {
        "milliseconds": {name: round(value) for name, value in zip(("p50", "p95", "p99", "most"), found, strict=True)}
    }


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Pictures with edges, shades and noise, as heavy as photographs of their size."""
    folder.mkdir(parents=True)
    paths = []
    for index in range(count):
        random_ = np.random.default_rng(index)
        coarse = Image.fromarray(random_.integers(0, 256, (27, 36, 3), dtype=np.uint8)).resize(
            SIZE, Image.Resampling.BICUBIC
        )
        pixels = np.asarray(coarse).astype(np.float32) + random_.normal(0, 5, (SIZE[1], SIZE[0], 3))
        path = folder / f"{index}.jpg"
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(path)
    return paths


if __name__ == "__main__":
    main()
