"""Fuzz the service over HTTP: hostile uploads as an enemy sends them, against a real server.

python -m tests.serve.fuzz --count 10000 --out benchmarks/results/fuzz_service.json [--folder PICTURES]

Most are mutated files of every format, in a form; the others are broken forms, wrong content types, slow, cut and
oversized bodies, names like paths, huge headers, what is no HTTP at all, and strange addresses. Each has to be
answered in time, with a status that the documentation gives for it and, where it is an error, a way out; only who
hangs up gets no answer. In the end the server must be as healthy as before: the same verdict on the same picture,
every accepted file with its row, no process lost, no rubbish on disk, nothing in its log, no more memory.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from fauxto.finding import Finding
from tests.media.fuzz import made_seeds, mutate, real_seeds
from tests.run.fuzz import CONTENT, seeds_with_metadata

LIMIT, UPLOAD_SECONDS = 400_000, 4.0
"""Bytes of a file and seconds of an upload, smaller than by default so that both are met often."""

PATIENCE, CLIENTS = 90.0, 4
"""Seconds until an answer is missed (a layer may take sixty), and how many send at the same time."""

BROKEN = 0
"""The status of a connection that ended without an answer."""

LAYERS = ("heatmap", "localizer", "error-level", "jpeg-ghosts", "jpeg-grid", "noise", "upsampling", "copy-move")
NAMES = (
    "a.jpg", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/dev/zero", "a\0b.png", "con", "x" * 5000, "", ".",
    "%2e%2e%2foriginal", "a.png\r\nX-Injected: 1", "\u202egpj.exe", "<img src=x onerror=alert(1)>", "'; DROP TABLE x",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "$(reboot).png", "file:///etc/passwd", "日本.jpg",
)  # fmt: skip

_SERVER = """
import sys
from pathlib import Path
from fauxto.run.options import Options
from fauxto.serve.run import serve
from fauxto.serve.settings import Settings

folder, model, limit, seconds = sys.argv[1:]
settings = Settings(
    Path(folder), port=0, workers=1, queue=100, max_bytes=int(limit), max_files=4, upload_seconds=float(seconds),
    options=Options(model=model),
)
serve(settings, lambda address: print(address, flush=True))
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """Bytes to send, in blocks with a pause before each; the statuses that are right; and whether we hang up after."""

    kind: str
    blocks: list[bytes]
    right: frozenset[int]
    pause: float = 0.0
    hang_up: bool = False


@dataclass
class Outcome:
    """What happened to all of them."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    scans: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0


ACCEPTED = frozenset({201, 202})
LAYER = frozenset({200, 404, 422, 429})
FORM = ACCEPTED | {408, 413, 415, 422, 429}
NO_HTTP = frozenset({400, 404, 405, 421, 431, 501, BROKEN})


def request(line: str, body: bytes = b"", **headers: str) -> bytes:
    """A request with its own length, unless that is given."""
    said = {"Host": "127.0.0.1", "Connection": "close", "Content_Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items() if value != "-")
    return f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + body


def form(data: bytes, name: str = "a.png", extra: bytes = b"") -> bytes:
    """A form with one file."""
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return extra + head.encode("utf-8", "surrogateescape") + data + b"\r\n--b--\r\n"


FORM_TYPE = "multipart/form-data; boundary=b"


def posted(body: bytes, **headers: str) -> bytes:
    return request("POST /v1/scans", body, **{"Content_Type": FORM_TYPE, "Prefer": "wait=30", **headers})


def mutated_file(data: bytes, rng: random.Random) -> Attack:
    asked = b""
    if rng.random() < 0.2:
        options = rng.choice([b"{}", b'{"heatmap": true}', b'{"localize": true}', b'{"stability": true}'])
        asked = b'--b\r\nContent-Disposition: form-data; name="options"\r\n\r\n' + options + b"\r\n"
    return Attack("mutated file", [posted(form(data, rng.choice(NAMES), asked))], ACCEPTED | {413, 422})


def mutated_form(data: bytes, rng: random.Random) -> Attack:
    body = form(data[:2000], rng.choice(NAMES))
    return Attack("mutated form", [posted(mutate(body, rng))], FORM)


def wrong_type(data: bytes, rng: random.Random) -> Attack:
    kinds = [
        "image/png", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 300, "-",
        "application/json", "multipart/mixed; boundary=b", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=\x01",
    ]  # fmt: skip
    return Attack("wrong type", [posted(form(data[:5000]), Content_Type=rng.choice(kinds))], frozenset({400, 403, 415}))


def cut(data: bytes, rng: random.Random) -> Attack:
    body = posted(form(data[:20_000]))
    whole = body[: rng.randrange(20, len(body))]
    return Attack("cut body", [whole], frozenset({400, 422, BROKEN}), hang_up=True)


def slow(data: bytes, rng: random.Random) -> Attack:
    body = posted(form(data[:200]), Content_Length="100000")
    cuts = [body[i : i + 40] for i in range(0, len(body), 40)]
    return Attack("slow body", cuts, frozenset({408, BROKEN}), pause=UPLOAD_SECONDS * 1.5 / len(cuts))


def oversize(data: bytes, rng: random.Random) -> Attack:
    body = form(b"\x89PNG" + bytes(LIMIT + rng.choice([1, 1000, 2 * LIMIT])))
    if rng.random() < 0.5:
        return Attack(
            "oversize", [posted(body[:1000], Content_Length=str(10 ** rng.randrange(9, 40)))], frozenset({413, 400})
        )
    chunks = [body[i : i + 60_000] for i in range(0, len(body), 60_000)]
    coded = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks] + [b"0\r\n\r\n"]
    return Attack(
        "oversize", [posted(b"", Content_Length="-", Transfer_Encoding="chunked"), *coded], frozenset({413, BROKEN})
    )


def huge_headers(data: bytes, rng: random.Random) -> Attack:
    if rng.random() < 0.5:
        return Attack("huge headers", [posted(form(data[:100]), X_Long="x" * rng.choice([40_000, 200_000]))], NO_HTTP)
    part = b'--b\r\nContent-Disposition: form-data; name="' + b"n" * rng.choice([9_000, 100_000]) + b'"\r\n\r\nx\r\n'
    return Attack("huge headers", [posted(form(data[:100], extra=part))], frozenset({413, 422}))


def no_http(data: bytes, rng: random.Random) -> Attack:
    whole = posted(form(data[:300]))
    head = whole.index(b"\r\n\r\n")
    sent = rng.choice([
        data[:500] + b"\r\n\r\n",
        mutate(whole[:head], rng) + whole[head:],
        whole.replace(b"Content-Length", b"Content-Length: 5\r\nContent-Length"),
        whole.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length"),
        posted(b"zz\r\nnothing", Content_Length="-", Transfer_Encoding="chunked"),
        posted(b"", Content_Length="-1"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ])  # fmt: skip
    return Attack("no HTTP", [sent], NO_HTTP | FORM | {200, 403}, hang_up=True)


def strange_address(data: bytes, rng: random.Random) -> Attack:
    none = "/v1/scans/" + "0" * 32
    paths = [
        "/v1/scans/../../etc/passwd", "/v1/scans/%2e%2e", none, "/v1/scans/" + "g" * 5000, "/%00", "/..%2f..%2fetc",
        "/v1/scans?name=%00", "/v1/scans?after=1-x", "/v1/scans?limit=1e9", "/js/../../app.py", "/v1/scans/%F0%28",
        f"{none}/overlay/..%2foriginal.png", "/v1/jobs/" + "0" * 32 + "/events", "/v1/systems/" + "x" * 500, "//x/",
    ]  # fmt: skip
    method = rng.choice(["GET", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE", "BREW"])
    return Attack("strange address", [request(f"{method} {rng.choice(paths)}")], frozenset({400, 404, 405, 422}))


def strange_words(data: bytes, rng: random.Random) -> Attack:
    deep = "[" * 8000 + "]" * 8000
    options = rng.choice(
        [
            deep,
            '{"fpr": 1e999}',
            '{"model": "/etc/passwd"}',
            "NaN",
            '{"heatmap": "' + "x" * 15_000 + '"}',
            '{"fpr": -1}',
        ]
    )
    field_ = b'--b\r\nContent-Disposition: form-data; name="options"\r\n\r\n' + options.encode() + b"\r\n"
    sent = rng.choice([
        posted(form(data[:100], extra=field_)),
        posted(deep.encode(), Content_Type="application/json"),
        request("POST /v1/jobs", b'{"urls": ["http://169.254.169.254/"]}', Content_Type="application/json"),
        posted(form(data[:100]), Idempotency_Key="x" * 300),
        posted(form(data[:100]), Host="evil.example"),
        posted(form(data[:100]), Origin="https://evil.example"),
        posted(form(data[:100]), Authorization="Bearer " + "x" * 5000, Prefer="wait=99999999999999"),
        request("POST /v1/jobs", form(data[:100]) * 6, Content_Type=FORM_TYPE),
    ])  # fmt: skip
    return Attack("strange words", [sent], frozenset({201, 202, 401, 403, 413, 421, 422}))


KINDS: list[tuple[int, Callable[[bytes, random.Random], Attack]]] = [
    (700, mutated_file), (110, mutated_form), (30, wrong_type), (30, cut), (3, slow), (12, oversize),
    (25, huge_headers), (40, no_http), (30, strange_address), (20, strange_words),
]  # fmt: skip


def attacks(seeds: list[bytes], count: int, seed: int, seconds: float = float("inf")) -> Iterator[Attack]:
    """So many attacks, the same for the same seed; fewer where `seconds` are over before."""
    rng, end = random.Random(seed), time.monotonic() + seconds
    weights, kinds = zip(*KINDS, strict=True)
    for _ in range(count):
        if time.monotonic() > end:
            return
        [kind] = rng.choices(kinds, weights)
        yield kind(mutate(rng.choice(seeds), rng), rng)


def send(port: int, attack: Attack) -> tuple[int, dict[str, Any]]:
    """The status of the answer and its JSON; `BROKEN` where the connection ended without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            for block in attack.blocks:
                time.sleep(attack.pause)
                connection.sendall(block)
            if attack.hang_up:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it answered before the end, and closed
        answer = HTTPResponse(connection, method="HEAD" if attack.blocks[0].startswith(b"HEAD ") else None)
        try:
            answer.begin()
            body = answer.read()
        except TimeoutError:
            raise
        except (HTTPException, OSError):
            return BROKEN, {}
        kind = answer.getheader("Content-Type", "")
        said = json.loads(body) if body and "json" in kind else {}
        return answer.status, said if isinstance(said, dict) else {}


def check(attack: Attack, status: int, said: dict[str, Any]) -> str | None:
    """What is wrong with an answer, if anything."""
    if status not in attack.right:
        return f"{attack.kind}: status {status}, {said.get('code')}, {said.get('detail')}"
    if status >= 400 and said and not (said["code"] and said["detail"] and said["fix"] and said["status"] == status):
        return f"{attack.kind}: {status} is no complete problem"
    if status == 201:
        finding = Finding.from_dict(said["finding"])
        if finding.error and finding.error["code"] not in CONTENT | {"timeout", "worker_died"}:
            return f"{attack.kind}: error {finding.error}"
        if any(mark in said["name"] for mark in "/\0\r\n\u202e"):
            return f"{attack.kind}: the name {said['name']!r} came through"
    return None


def ask(port: int, attack: Attack) -> tuple[int, dict[str, Any], str | None]:
    """The status of the answer to an attack, its JSON, and what is wrong with it, if anything."""
    try:
        status, said = send(port, attack)
    except TimeoutError:
        return BROKEN, {}, f"{attack.kind}: no answer in {PATIENCE:g} seconds"
    return status, said, check(attack, status, said)


def assail(port: int, coming: Iterator[Attack], clients: int, each: Callable[[int], None]) -> Outcome:
    """Send all attacks, several at a time; now and then a layer of what was accepted is asked for."""
    found, lock, done = Outcome(), threading.Lock(), 0

    def work(seed: int) -> None:
        nonlocal done
        rng = random.Random(seed)
        while True:
            with lock:
                attack = next(coming, None)
            if attack is None:
                return
            began = time.monotonic()
            status, said, wrong = ask(port, attack)
            spent = time.monotonic() - began - attack.pause * len(attack.blocks)
            layer = None
            if status == 201 and rng.random() < 0.03:
                path = f"/v1/scans/{said['id']}/overlay/{rng.choice(LAYERS)}.{rng.choice(['png', 'json'])}"
                layer, _, late = ask(port, Attack("layer", [request(f"GET {path}")], LAYER))
                wrong = wrong or late
            with lock:
                done += 1
                each(done)
                found.statuses.setdefault(attack.kind, Counter())[status] += 1
                found.slowest = max(found.slowest, spent)
                if wrong:
                    found.faults.append(wrong)
                if status in ACCEPTED and "id" in said:
                    found.scans.append(said["links"]["self"])
                    found.outcomes[said.get("outcome") or "under way"] += 1
                if layer is not None:
                    found.statuses.setdefault("layer", Counter())[layer] += 1

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(work, range(clients)))  # an error of our own ends the run
    return found


@contextmanager
def server(folder: Path, model: str) -> Iterator[tuple[int, psutil.Process, Path]]:
    """A service of its own process: port, process and log."""
    log = folder / "log"
    words = [sys.executable, "-c", _SERVER, str(folder / "service"), model, str(LIMIT), str(UPLOAD_SECONDS)]
    with log.open("wb") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().decode().rpartition(":")[2])
        while get(port, "/readyz")[0] != 200:
            time.sleep(0.2)
        yield port, psutil.Process(process.pid), log
    finally:
        process.terminate()
        process.wait(60)


def get(port: int, path: str) -> tuple[int, dict[str, Any]]:
    return send(port, Attack("plain", [request(f"GET {path}")], frozenset()))


def run(seeds: list[bytes], count: int, seed: int, model: str, seconds: float = float("inf")) -> dict[str, Any]:
    """Assail a server with `count` attacks, or for so long; the report. Faults are in it, not raised."""
    start, memory = time.monotonic(), []
    buffer = io.BytesIO()
    Image.effect_noise((80, 60), 60).convert("RGB").save(buffer, "PNG")
    honest = Attack("honest", [posted(form(buffer.getvalue()))], ACCEPTED)
    with tempfile.TemporaryDirectory() as name, server(Path(name), model) as (port, process, log):
        before = send(port, honest)[1]

        def each(done: int) -> None:
            if done % max(1, count // 8) == 0:
                workers = sum(child.memory_info().rss for child in process.children())
                memory.append({"after": done, "server": process.memory_info().rss, "workers": workers})

        found = assail(port, attacks(seeds, count, seed, seconds), CLIENTS, each)
        lost = set(found.scans) - set(kept(port))
        after = send(port, honest)[1]
        if before["finding"]["logit"] != after["finding"]["logit"] or before["outcome"] != after["outcome"]:
            found.faults.append("another verdict on the same picture than before")
        found.faults += [f"lost: {scan}" for scan in sorted(lost)]
        found.faults += [f"{path} is not well" for path in ("/healthz", "/readyz") if get(port, path)[0] != 200]
        rubbish = [path.name for path in (Path(name) / "service").rglob("*.part")]
        found.faults += [f"left on disk: {path}" for path in rubbish]
        told = log.read_text("utf-8", "replace")
        found.faults += [line for line in told.splitlines() if "Error" in line or "Traceback" in line][:20]
        deaths = metric(port, "fauxto_worker_deaths_total")
        spent = sum(process.cpu_times()[:2]) + sum(sum(child.cpu_times()[:2]) for child in process.children())
    return {
        "attacks": sum(sum(counts.values()) for kind, counts in found.statuses.items() if kind != "layer"),
        "seed": seed,
        "statuses": {
            kind: {str(s or "hung up"): n for s, n in sorted(c.items())} for kind, c in sorted(found.statuses.items())
        },
        "accepted": len(found.scans),
        "outcomes": dict(found.outcomes.most_common()),
        "worker_deaths": deaths,
        "slowest_answer_in_seconds": round(found.slowest, 1),
        "resident_bytes": memory,
        "cpu_seconds_of_the_service": round(spent, 1),
        "seconds": round(time.monotonic() - start, 1),
        "faults": found.faults,
    }


def kept(port: int) -> Iterator[str]:
    """The addresses of all scans in the history, and of the jobs that they belong to."""
    after = ""
    while True:
        page = get(port, f"/v1/scans?limit=200{after}")[1]
        for item in page["items"]:
            yield f"/v1/scans/{item['id']}"
            yield f"/v1/jobs/{item['job']}"
        if page["next"] is None:
            return
        after = f"&after={page['next']}"


def metric(port: int, name: str) -> float:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request("GET /metrics"))
        answer = HTTPResponse(connection)
        answer.begin()
        lines = answer.read().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--model", default="house")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/fuzz_service.json"))
    arguments = parser.parse_args()
    seeds = [*made_seeds(), *seeds_with_metadata()]
    if arguments.folder is not None:
        seeds += [data for data in real_seeds(arguments.folder) if len(data) < LIMIT]
    report = run(seeds, arguments.count, arguments.seed, arguments.model, seconds=arguments.seconds)
    report = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "seeds": len(seeds), **report}
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
