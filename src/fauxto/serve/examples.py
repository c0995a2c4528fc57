"""One example of each thing that goes over the wire: what openapi.json shows, and the tests validate."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

ID = "7b2f0a4c9d3e4f5a8b6c1d2e3f405162"
WHEN = "2026-11-21T15:00:00Z"
OPTIONS = {"fpr": 0.01, "stability": False, "heatmap": True}
FINDING: dict[str, Any] = {
    "path": "photo.jpg",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "status": "ok",
    "error": None,
    "verdict": "generated",
    "probability": 0.97,
    "logit": 3.2,
    "p_value": 0.004,
    "fpr": 0.01,
    "stability": None,
    "provenance": None,
    "evidence": [
        {
            "layer": "pixels",
            "statement": "The pixels look synthetic: at most 1 in 250 reference photographs look this synthetic.",
            "strength": "strong",
            "points_to": "generated",
            "limits": "Holds for photographs like the reference sets.",
            "value": {"logit": 3.2, "typical": -1.1, "threshold": 2.4},
        }
    ],
    "regions": [{"x": 0, "y": 0, "width": 256, "height": 256, "logit": 3.1}],
    "model": {
        "name": "house",
        "version": "2026.11.21",
        "sha256": "0" * 64,
        "backend": "openvino",
        "reading": "standard",
    },
    "seconds": 0.03,
}
SUMMARY: dict[str, Any] = {
    "id": ID,
    "status": "done",
    "outcome": "generated",
    "name": "photo.jpg",
    "bytes": 482133,
    "sha256": FINDING["sha256"],
    "job": None,
    "created": WHEN,
    "finished": WHEN,
    "expires": "2026-11-28T15:00:00Z",
    "verdict": "generated",
    "probability": 0.97,
    "p_value": 0.004,
    "fpr": 0.01,
    "error": None,
}

SCAN: dict[str, Any] = {
    **{key: value for key, value in SUMMARY.items() if key not in ("verdict", "probability", "p_value", "fpr")},
    "started": WHEN,
    "ahead": None,
    "options": OPTIONS,
    "finding": FINDING,
    "changes": ["A bound stricter than 1 in 250 would make it inconclusive; 1 in 100 was asked for."],
    "links": {
        "self": f"/v1/scans/{ID}",
        "picture": f"/v1/scans/{ID}/picture",
        "report_html": f"/v1/scans/{ID}/report.html",
        "report_json": f"/v1/scans/{ID}/report.json",
        "layers": {"heatmap": f"/v1/scans/{ID}/overlay/heatmap.png"},
    },
}

JOB: dict[str, Any] = {
    "id": ID,
    "status": "running",
    "name": "holiday",
    "created": WHEN,
    "finished": None,
    "expires": "2026-11-28T15:00:00Z",
    "options": OPTIONS,
    "progress": {"total": 40, "finished": 12, "outcomes": {"no_evidence": 11, "error": 1}},
    "links": {"self": f"/v1/jobs/{ID}", "events": f"/v1/jobs/{ID}/events", "scans": f"/v1/scans?job={ID}"},
}

PROBLEM: dict[str, Any] = {
    "type": "urn:fauxto:too_many_bytes",
    "title": "Content Too Large",
    "status": 413,
    "detail": "The file has more than 33,554,432 bytes.",
    "instance": "/v1/scans",
    "code": "too_many_bytes",
    "fix": "Send a smaller file, or ask the operator for a higher --limit-bytes.",
}

AUDIT: dict[str, Any] = {
    "id": 7,
    "at": WHEN,
    "actor": "local",
    "action": "scan.create",
    "subject": ID,
    "detail": {"bytes": 482133},
}

LAYER: dict[str, Any] = {
    "name": "noise",
    "title": "Noise inconsistency",
    "looks_for": "parts whose finest grain is stronger or weaker than in parts of the same brightness and texture",
    "statement": "The grain of the most unusual area lies 4.2 standard deviations off that of other parts with the "
    "same texture.",
    "limits": "Depth of field, shadows, denoising in the camera and compression all change the grain of an untouched "
    "photograph.",
    "fails_on": ["sharp against blurred parts of an untouched photograph"],
    "number": 4.2,
    "unit": "robust standard deviations by which the most unusual area departs from blocks of equal texture",
    "threshold": 3.54,
    "flagged": True,
    "p_value": 0.01,
    "false_alarms": "Flags 2 % of untouched photographs (95 % interval under 1 % to 6 %, n = 114).",
    "rate": 0.0175,
    "interval": [0.0048, 0.0617],
    "photographs": 114,
    "maps": True,
}

ADDRESS: dict[str, Any] = {"url": "https://example.org/photo.jpg", "options": {"heatmap": True}}


def config(example: dict[str, Any]) -> ConfigDict:
    """The configuration of a model that has an example; unknown keys are refused."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})
