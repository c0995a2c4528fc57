"""Score the sweep's pictures in a process of their own, and print JSON.

`python -m fauxto.learn.conformance.fresh NAME small|whole [BACKBONE]`
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
    name, size, *backbone = sys.argv[1:]
    under_check = Subject(find(name), Path(name), name, size == "small", *backbone)
    print(json.dumps(under_check.build().score(few()).tolist()))
