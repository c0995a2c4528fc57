"""What a manifest store means, on stores written by hand in the form the library gives."""

from __future__ import annotations

from typing import Any

import pytest

from fauxto.provenance.manifest import interpret
from fauxto.provenance.result import Provenance
from tests.provenance.files import SOURCE_TYPE

TRAINED = SOURCE_TYPE + "trainedAlgorithmicMedia"
UNTRUSTED = {"code": "signingCredential.untrusted"}


def store(*actions: dict[str, Any], failures: tuple[str, ...] = (), **active: Any) -> dict[str, Any]:
    """A store of one manifest, as the library gives it for an unknown signer."""
    manifest = {
        "label": "urn:a",
        "claim_generator_info": [{"name": "ChatGPT"}],
        "signature_info": {"issuer": "OpenAI", "common_name": "ChatGPT"},
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": list(actions)}}],
    }
    codes = [UNTRUSTED, *({"code": code} for code in failures)]
    return {
        "active_manifest": "urn:a",
        "manifests": {"urn:a": manifest | active},
        "validation_state": "Invalid",
        "validation_results": {"activeManifest": {"success": [], "failure": codes}},
    }


def created(source: str | None = TRAINED, agent: Any = None) -> dict[str, Any]:
    return {"action": "c2pa.created", "digitalSourceType": source, "softwareAgent": agent}


@pytest.mark.parametrize(
    "agent", [{"name": "DALL·E"}, "DALL-E 3", "Adobe_Firefly/1.0", {"name": "Bing Image Creator"}, "GPT-4o"]
)
def test_an_agent_that_only_generates_needs_no_source_type(agent: Any) -> None:
    assert interpret(store(created(None, agent)), anchored=False).points_to == "generated"


@pytest.mark.parametrize("agent", ["Photoshop", {"name": "My Firefly Editor"}, {"name": 7}, None, ["DALL-E"]])
def test_another_agent_says_nothing(agent: Any) -> None:
    assert interpret(store(created(None, agent)), anchored=False).points_to == "none"


@pytest.mark.parametrize(
    ("failures", "state"),
    [
        ((), "valid_unknown_signer"),
        (("signingCredential.expired", "assertion.action.malformed"), "valid_unknown_signer"),
        (("assertion.dataHash.mismatch",), "broken"),
        (("claimSignature.mismatch",), "broken"),
        (("some.code.of.the.future",), "broken"),
    ],
)
def test_the_failure_codes_decide_between_intact_and_broken(failures: tuple[str, ...], state: str) -> None:
    assert interpret(store(created(), failures=failures), anchored=False).state == state


def test_only_anchors_of_the_user_make_trust() -> None:
    trusted = store(created()) | {"validation_state": "Trusted"}
    trusted["validation_results"]["activeManifest"]["failure"] = []
    assert interpret(trusted, anchored=True).state == "trusted"
    assert interpret(trusted, anchored=False).state == "valid_unknown_signer"


def test_a_store_that_was_not_validated_is_unreadable() -> None:
    bare = store(created())
    del bare["validation_results"]
    assert interpret(bare, anchored=True).state == "unreadable"
    assert interpret({"manifests": {}}, anchored=True).state == "unreadable"


def test_created_by_camera_and_by_model_at_once_is_a_conflict() -> None:
    found = interpret(store(created(), created(SOURCE_TYPE + "digitalCapture")), anchored=False)
    assert Provenance(found).summary == "conflict"


def test_ingredients_that_point_in_circles_end() -> None:
    circle = store(ingredients=[{"active_manifest": "urn:a", "label": "i"}], assertions=[])
    assert interpret(circle, anchored=True).points_to == "none"
    wide = store(assertions=[])
    for n in range(60):
        inside = [{"active_manifest": f"urn:{m}", "label": "i"} for m in range(60)]
        wide["manifests"][f"urn:{n}"] = {"label": f"urn:{n}", "ingredients": inside}
    wide["manifests"]["urn:a"]["ingredients"] = [{"active_manifest": "urn:0"}, {"active_manifest": "urn:1"}]
    assert interpret(wide, anchored=True).points_to == "none"


def test_a_broken_manifest_claims_a_generator_weakly_and_a_camera_not_at_all() -> None:
    broken = ("assertion.dataHash.mismatch",)
    made = Provenance(interpret(store(created(), failures=broken), anchored=False))
    assert ([e.strength for e in made.evidence()], made.summary) == (["weak"], "ai_generated")
    shot = store(created(SOURCE_TYPE + "digitalCapture"), failures=broken)
    assert Provenance(interpret(shot, anchored=False)).summary == "unknown"


def test_the_evidence_names_the_signer_and_its_limits() -> None:
    (item,) = Provenance(interpret(store(created()), anchored=False)).evidence()
    assert "OpenAI" in item.statement
    assert "Anyone can sign" in item.limits
    assert item.value["generator"] == "ChatGPT"
