import io
import json

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from fauxto.finding import Evidence, Finding, Region
from fauxto.serve import overlay
from fauxto.serve.store.tables import Scan
from tests.serve.conftest import send


def opened(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_heat_map_is_clear_where_nothing_is_and_warm_where_the_score_is():
    value = {"typical": 0.0, "threshold": 1.0}
    cool, hot = Region(0, 0, 100, 100, 0.0), Region(900, 0, 100, 100, 5.0)
    found = Finding("a", evidence=[Evidence("pixels", "", "none", value=value)], regions=[cool, hot])
    drawn = opened(overlay.heatmap(found))
    assert drawn.shape == (51, 512, 4)
    assert drawn[25, 5, 3] == 0 and drawn[25, -5, 3] == round(255 * 0.72)
    assert overlay.names(found, {"heatmap": True}) == ["heatmap"] and overlay.names(found, {}) == []


def test_the_regions_of_the_localizer_lie_where_it_says(client: TestClient, bright: bytes):
    region = {"x": 8, "y": 16, "width": 16, "height": 24, "logit": 2.0}
    found = Finding("a", evidence=[Evidence("localizer", "", "weak", value={"regions": [region]})])
    drawn = opened(overlay.localizer(found, np.zeros((48, 48, 3), np.uint8)))
    rows, columns = np.nonzero(drawn[..., 3])
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (8, 16, 23, 39)

    scan = send(client, bright)
    with client.app.state.service.database.write() as session:
        row = session.get_one(Scan, scan["id"])
        finding = json.loads(row.finding or "")
        finding["evidence"].append(
            {"layer": "localizer", "statement": "", "strength": "weak", "value": {"regions": [region]}}
        )
        row.finding = json.dumps(finding)
    links = client.get(scan["links"]["self"]).json()["links"]
    assert list(links["layers"]) == ["localizer"]
    assert (opened(client.get(links["layers"]["localizer"]).content) == drawn).all()


@pytest.mark.parametrize("width", [1, 3, 5000])
def test_large_pictures_get_small_layers(width: int):
    region = {"x": 0, "y": 0, "width": 1, "height": 1, "logit": 2.0}
    found = Finding("a", evidence=[Evidence("localizer", "", "weak", value={"regions": [region]})])
    assert max(opened(overlay.localizer(found, np.zeros((2, width, 3), np.uint8))).shape) <= 1024
