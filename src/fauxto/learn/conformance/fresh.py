"""Score the sweep's pictures in a process of their own: `python -m fauxto.learn.conformance.fresh NAME [small]`
prints JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from fauxto.catalog import find
from fauxto.learn.conformance.pictures import few
from fauxto.learn.conformance.report import Subject

if __name__ == "__main__":
    torch.set_num_threads(1)
    name, *size = sys.argv[1:]
    print(json.dumps(Subject(find(name), Path(name), name, size == ["small"]).build().score(few()).tolist()))
