"""A stand-in for the service: the page's files, and findings of every kind, also those that are hard to provoke."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauxto.finding import Evidence, Finding
from fauxto.forensics import Examined, Trace
from fauxto.forensics.calibration import judge
from fauxto.forensics.tools import tool
from fauxto.language import localized, negotiate, translate
from fauxto.serve import examples
from fauxto.verdict.changes import what_would_change
from fauxto.verdict.layer import Layer, of_score, of_tool
from fauxto.verdict.layer import localized as localized_layer

EXAMPLES = Path(__file__).parents[3] / "examples"
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202egpj.exe'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LAYERS = ("heatmap", "noise", "copy-move", "upsampling")
"""Of each picture; the last cannot be drawn just now."""

_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "json": "application/json"}
_TYPES |= {"svg": "image/svg+xml", "png": "image/png"}
_OPTIONS = {"fpr": {"type": "number"}, "stability": {"type": "boolean"}, "heatmap": {"type": "boolean"}}

MODEL = {
    "name": "house",
    "version": "2026.11.21",
    "sha256": "c4" * 32,
    "backend": "openvino",
    "reading": "standard",
}


def finding(name: str, verdict: str, **changes: Any) -> Finding:
    """A Finding with all that a page can show."""
    p_value, probability, logit = {
        "generated": (0.004, 0.97, 3.2),
        "edited": (0.3, 0.4, -0.4),
        "inconclusive": (0.02, 0.8, 1.2),
        "no_evidence": (0.62, 0.12, -2.0),
    }[verdict]
    chains = [("jpeg:85", 0.004), ("whatsapp", 0.006), ("instagram_feed", 0.02), ("screenshot:0.9|jpeg:90", 0.004)]
    copies = [
        {"chain": chain, "steps": chain, "logit": 2.0, "p_value": p, "call": "generated", "agrees": p <= 0.01}
        for chain, p in chains
    ]
    tag = {"carrier": "PNG iTXt", "standard": "xmp", "field": "DigitalSourceType", "value": "trainedAlgorithmicMedia"}
    tag |= {"generator": "Some Tool", "points_to": "generated", "strength": "declared", "prompt": None}
    silent = dict.fromkeys(("issuer", "signer", "generator", "digital_source_type", "signed_at", "remote_url"))
    fields: dict[str, Any] = {
        "sha256": "9f" * 32,
        "verdict": verdict,
        "probability": probability,
        "logit": logit,
        "p_value": p_value,
        "fpr": 0.01,
        "stability": {"agree": 3, "total": 4, "flipped": True, "seed": 0, "chains": copies},
        "provenance": {
            "summary": "ai_generated",
            "decisive": False,
            "c2pa": {"state": "none", **silent},
            "tags": [tag],
        },
        "evidence": [
            Evidence(
                "metadata",
                "PNG iTXt (DigitalSourceType) declares that the picture was made by a generator.",
                "declared",
                "generated",
                "Anyone can write, copy or remove such a tag; it decides nothing by itself.",
            ),
            Evidence(
                "pixels",
                "The pixels look synthetic: at most 1 in 250 reference photographs look this synthetic, in every set "
                "large enough to tell: camera (110), web (300).",
                "strong",
                "generated",
                "Holds for photographs like the reference sets. Unusual cameras, filters, scans and drawings may "
                "differ, and generators made to avoid detection may pass.",
            ),
            Evidence(
                "stability",
                "The answer changes when the picture is re-shipped: only 3 of 4 copies agree.",
                "weak",
                "conflict",
                "The copies imitate common ways of sharing; no platform publishes what it does.",
            ),
            Evidence(
                "forensics",
                "Noise inconsistency: The grain of the most unusual area lies 4.2 standard deviations off that of "
                "other parts with the same texture.",
                "weak",
                "edited",
                "Depth of field, shadows, denoising in the camera and compression all change the grain of an untouched "
                "photograph.",
                {"name": "noise", "number": 4.2, "flagged": True, "maps": True},
            ),
        ],
        "model": MODEL,
        "seconds": 0.41,
    }
    return Finding(name, **{**fields, **changes})


def hostile() -> Finding:
    """A Finding whose every text was written by an enemy."""
    tag = {"carrier": HOSTILE, "standard": "xmp", "field": HOSTILE, "value": HOSTILE, "generator": HOSTILE}
    tag |= {"points_to": "generated", "strength": "declared", "prompt": None}
    c2pa = {"state": "broken", "issuer": HOSTILE, "generator": HOSTILE, "signed_at": HOSTILE}
    return finding(
        HOSTILE,
        "inconclusive",
        evidence=[Evidence(HOSTILE, HOSTILE, "declared", "conflict", HOSTILE, {HOSTILE: HOSTILE})],
        provenance={
            "summary": "conflict",
            "decisive": False,
            "c2pa": {**c2pa, "digital_source_type": HOSTILE},
            "tags": [tag],
        },
    )


def told(name: str, *, hostile: bool) -> Layer:
    """What a layer says: that of the score, of a tool that flags the picture, and of one that shows no place."""
    if name == "heatmap":
        layer = of_score(finding("a", "generated"))
    else:
        number, flagged = {"noise": (4.2, True), "copy-move": (0.0, False)}[name]
        trace = Trace(name, number, "No area was found twice.", np.ones((2, 2)) if flagged else None)
        layer = of_tool(Examined(tool(name)[1], trace, judge(trace)))
    return replace(layer, statement=HOSTILE, limits=HOSTILE) if hostile else layer


def refused() -> Finding:
    """A file that could not be read."""
    error = {"code": "truncated", "what": "The file ends early.", "fix": "Download it again."}
    return Finding("broken.jpg", sha256="1" * 64, status="error", error=error, seconds=0.01)


class State:
    """What the stand-in knows: scans by id, in order, and the pictures that they show."""

    def __init__(self) -> None:
        self.scans: dict[str, tuple[Finding, str]] = {}
        for i, (found, picture) in enumerate(
            [
                (finding("coffee-redrawn.png", "generated"), "coffee-redrawn.png"),
                (finding("cat.jpg", "no_evidence", stability=None), "cat.jpg"),
                (finding("coffee.jpg", "inconclusive"), "coffee.jpg"),
                (finding("astronaut.jpg", "edited"), "astronaut.jpg"),
                (refused(), "cat.jpg"),
                (hostile(), "cat.jpg"),
            ]
        ):
            self.scans[f"{i:032x}"] = (found, picture)
        self.problem: tuple[int, dict[str, Any]] | None = None
        self.key = ""

    def scan(self, name: str, language: str) -> dict[str, Any]:
        """The whole scan as the service sends it."""
        found, _ = self.scans[name]
        base = f"/v1/scans/{name}"
        layers = {layer: f"{base}/overlay/{layer}.png" for layer in LAYERS} if found.verdict != "no_evidence" else {}
        links = {"self": base, "picture": f"{base}/picture", "report_html": f"{base}/report.html"}
        links |= {"report_json": f"{base}/report.json", "layers": layers}  # type: ignore[dict-item]
        changes = [translate(words, language) for words in what_would_change(found)]
        row = {**examples.SCAN, **self.summary(name), "links": links, "changes": changes}
        return {**row, "finding": localized(found, language).to_dict()}

    def summary(self, name: str) -> dict[str, Any]:
        """The same in a list."""
        found, _ = self.scans[name]
        parts = {key: getattr(found, key) for key in ("verdict", "probability", "p_value", "fpr", "error", "sha256")}
        outcome = found.verdict or "error"
        return {**examples.SUMMARY, **parts, "id": name, "name": found.path, "outcome": outcome, "job": None}


class _Handler(BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        refusal = self._refusal(path)
        if refusal:
            self._json(refusal[1], refusal[0])
        elif not path.startswith("/v1/"):
            self._file(path)
        elif path.startswith("/v1/scans/"):
            self._scan(path.split("/")[3:], negotiate(self.headers["Accept-Language"]))
        elif path == "/v1/scans":
            self._json(self._page(query))
        else:
            self._json({"/v1/service": self._service(), "/v1/systems": [], "/v1/ledger": {"entries": {}}}[path])

    def _refusal(self, path: str) -> tuple[int, dict[str, Any]] | None:
        if self.state.problem and path.startswith("/v1/"):
            return self.state.problem
        told = self.headers["Authorization"] == f"Bearer {self.state.key}"
        if self.state.key and path.startswith("/v1/scans") and not told:
            return 401, {"detail": "A key is needed.", "code": "key"}
        return None

    def _scan(self, parts: list[str], language: str) -> None:
        if parts[0] not in self.state.scans:
            problem = {"detail": "There is no such scan.", "code": "not_found", "fix": "It may have been deleted."}
            return self._json(problem, 404)
        picture = EXAMPLES / self.state.scans[parts[0]][1]
        match parts[1:]:
            case ["picture"]:
                return self._send(picture.read_bytes(), "image/jpeg")
            case ["overlay", "upsampling.json"]:
                busy = {"detail": "Too many pictures are being drawn.", "code": "busy", "fix": "Ask again in a moment."}
                return self._json(busy, 429)
            case ["overlay", name] if name.endswith(".json"):
                layer = told(name.removesuffix(".json"), hostile=parts[0] == f"{5:032x}")
                return self._json(asdict(localized_layer(layer, negotiate(self.headers["Accept-Language"]))))
            case ["overlay", _]:
                return self._send(_layer(picture), "image/png")
        return self._json(self.state.scan(parts[0], language))

    def _service(self) -> dict[str, Any]:
        return {
            "version": "0.1.0",
            "model": MODEL,
            "key_needed": bool(self.state.key),
            "addresses_allowed": True,
            "max_bytes": 1_000_000,
            "max_files": 3,
            "retention_seconds": 604800,
            "options": {"properties": _OPTIONS},
        }

    def _page(self, query: str) -> dict[str, Any]:
        wanted = set(re.findall(r"outcome=(\w+)", query))
        rows = [self.state.summary(name) for name in self.state.scans]
        rows = [row for row in rows if not wanted or row["outcome"] in wanted]
        return {"items": rows, "next": None, "total": len(rows)}

    def _file(self, path: str) -> None:
        found = files("fauxto.serve") / "ui"
        for part in (path.strip("/") or "index.html").split("/"):
            found /= part
        if not found.is_file():
            return self._send(b"", "text/plain", 404)
        return self._send(found.read_bytes(), _TYPES[str(found).rpartition(".")[2]])

    def _json(self, value: object, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": POLICY}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _layer(picture: Path) -> bytes:
    """A transparent layer, warm towards the right."""
    width, height = Image.open(picture).size
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0], pixels[..., 3] = 200, np.linspace(0, 200, width, dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@contextmanager
def serving() -> Iterator[tuple[str, State]]:
    """The address of a running stand-in, and its state."""
    state = State()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
