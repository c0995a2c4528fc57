"""What a C2PA manifest store claims, read from the JSON that the native library gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fauxto.provenance import source_type
from fauxto.provenance.fields import PointsTo, excerpt, fold
from fauxto.provenance.json_text import nested, text_of

State = Literal["trusted", "valid_unknown_signer", "broken", "none", "unreadable"]
_Json = dict[str, Any]

NOT_ABOUT_INTEGRITY = (
    "signingCredential.untrusted",
    "signingCredential.expired",
    "signingCredential.ocsp.",
    "timeStamp.untrusted",
    "timeStamp.outsideValidity",
    "assertion.action.",
    "assertion.required.missing",
    "cawg.",
)
"""Failures that leave the bytes as they were signed: they speak of who and how. Any other is broken."""

_CREATED = "c2pa.created"
_NEUTRAL = {"c2pa.opened", "c2pa.converted", "c2pa.transcoded", "c2pa.repackaged", "c2pa.published"}
_AI_AGENTS = ("dall e", "dall·e", "adobe firefly", "bing image creator", "gpt 4o", "black forest labs api")
_MAX_MANIFESTS = 100


@dataclass(frozen=True, slots=True)
class C2pa:
    """The signed manifest of a file.

    `state` says how far the signature carries: "trusted" (intact, signer chains to an anchor that the user
    gave), "valid_unknown_signer" (intact, but anyone could be the signer), "broken" (the file or a claim was
    altered after signing), "unreadable", "none". `points_to` is what the active manifest and its ingredients
    claim together; `proved` is the part of it that rests on intact, trusted links only. `failures` are the
    library's codes; `remote_url` is a manifest kept elsewhere, which is never fetched.
    """

    state: State = "none"
    issuer: str | None = None
    signer: str | None = None
    generator: str | None = None
    digital_source_type: str | None = None
    signed_at: str | None = None
    actions: tuple[str, ...] = ()
    ingredients_ai: tuple[str, ...] = ()
    points_to: PointsTo = "none"
    proved: PointsTo = "none"
    failures: tuple[str, ...] = ()
    remote_url: str | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, str | list[str] | None]:
        """The fields as JSON types; they are flat, and `asdict` would take a tenth of the time of a decode."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def interpret(store: _Json, *, anchored: bool) -> C2pa:
    """State and claims of a manifest store; only with anchors of the user (`anchored`) can it be trusted."""
    manifests = nested(store, "manifests")
    label = text_of(store.get("active_manifest"))
    active = nested(manifests, label)
    if not active:
        return C2pa("unreadable", reason="The store names no active manifest.")
    results = nested(store, "validation_results")
    failures = [*_codes(nested(results, "activeManifest")), *_delta_codes(results)]
    state = _state(text_of(store.get("validation_state")), failures, bool(results), anchored)
    signature, actions = nested(active, "signature_info"), list(_actions(active))
    chain = _Chain(manifests, results)
    return C2pa(
        state,
        issuer=_string(signature, "issuer"),
        signer=_string(signature, "common_name"),
        generator=_generator(active),
        digital_source_type=chain.source_type(active),
        signed_at=_string(signature, "time"),
        actions=tuple(excerpt(text_of(a.get("action")), 60) for a in actions[:20]),
        ingredients_ai=tuple(chain.ingredients_with_ai(active)),
        points_to=chain.claim(active),
        proved=chain.claim(active, proved_only=True) if state == "trusted" else "none",
        failures=tuple(dict.fromkeys(excerpt(code, 80) for code in failures))[:50],
    )


def _state(library: str, failures: list[str], validated: bool, anchored: bool) -> State:
    """Without anchors the library calls even an intact file invalid, so its codes decide, not its word."""
    if not validated:
        return "unreadable"
    if library == "Trusted" and anchored and not failures:
        return "trusted"
    intact = all(code.startswith(NOT_ABOUT_INTEGRITY) for code in failures)
    return "valid_unknown_signer" if intact else "broken"


class _Chain:
    """The manifests of a store, followed from one to the next through their ingredients."""

    def __init__(self, manifests: _Json, results: _Json) -> None:
        self._manifests = manifests
        self._heard: dict[tuple[str, bool], PointsTo] = {}
        self._deltas = {
            text_of(delta.get("ingredientAssertionURI")): nested(delta, "validationDeltas")
            for delta in _objects(results.get("ingredientDeltas"))
        }

    def claim(self, manifest: _Json, *, proved_only: bool = False) -> PointsTo:
        """What a manifest and everything below it say of the picture.

        Created by a trained model: the whole picture. A model in a later action or in an ingredient: some of
        it. A manifest that has no action of its own but wrapping, and a single ingredient, speaks with that
        ingredient's voice. Each manifest is heard once, so ingredients that point in circles end.
        """
        key = (text_of(manifest.get("label")), proved_only)
        if key not in self._heard:
            self._heard[key] = "none"
            self._heard[key] = self._claim(manifest, proved_only)
        return self._heard[key]

    def _claim(self, manifest: _Json, proved_only: bool) -> PointsTo:
        if len(self._manifests) > _MAX_MANIFESTS:
            return "none"
        voices = {
            index: self.claim(below, proved_only=proved_only)
            for index, ingredient in enumerate(_objects(manifest.get("ingredients")))
            if (below := self._manifest(ingredient)) and (self._sound(manifest, ingredient) or not proved_only)
        }
        if self._wrapped(manifest):
            return voices.get(0, "none")
        actions = list(_actions(manifest))
        created = {_points(a) for a in actions if a.get("action") == _CREATED}
        later = {_points(a) for a in actions if a.get("action") != _CREATED}
        if "generated" in created:
            return "conflict" if "camera" in created else "generated"
        if {"generated", "edited"} & {*created, *later, *voices.values()}:
            return "edited"
        return "camera" if "camera" in created else "none"

    def ingredients_with_ai(self, manifest: _Json) -> Iterator[str]:
        """The titles of the direct ingredients whose own manifests claim a model."""
        for ingredient in _objects(manifest.get("ingredients"))[:20]:
            below = self._manifest(ingredient)
            if below and self.claim(below) in {"generated", "edited"}:
                yield excerpt(text_of(ingredient.get("title")) or "untitled", 80)

    def source_type(self, manifest: _Json) -> str | None:
        """The first source type that the manifest's actions name, or that of the picture it wraps."""
        for _ in range(_MAX_MANIFESTS):
            types = [t for a in _actions(manifest) if (t := _term(a))]
            inner = self._wrapped(manifest)
            if types or not inner:
                return types[0] if types else None
            manifest = inner
        return None

    def _wrapped(self, manifest: _Json) -> _Json | None:
        """The manifest of the sole ingredient, when this one did nothing to the picture itself."""
        ingredients = _objects(manifest.get("ingredients"))
        if len(ingredients) != 1 or any(text_of(a.get("action")) not in _NEUTRAL for a in _actions(manifest)):
            return None
        return self._manifest(ingredients[0])

    def _manifest(self, ingredient: _Json) -> _Json | None:
        found = self._manifests.get(text_of(ingredient.get("active_manifest")))
        return found if isinstance(found, dict) else None

    def _sound(self, manifest: _Json, ingredient: _Json) -> bool:
        """Is the ingredient intact and its signer on the user's list, by what was recorded and by what is
        seen now?

        The library reports now only what differs from the record, so both have to be looked at: else a
        self-signed ingredient, once opened in a trusted editor, would pass for proof.
        """
        owner, label = text_of(manifest.get("label")), text_of(ingredient.get("label"))
        place = f"self#jumbf=/c2pa/{owner}/c2pa.assertions/{label}"
        now = self._deltas.get(place, {})
        recorded = nested(nested(ingredient, "validation_results"), "activeManifest")
        legacy = [text_of(status.get("code")) for status in _objects(ingredient.get("validation_status"))]
        failed = {*_codes(now), *_codes(recorded), *legacy}
        if "signingCredential.trusted" in _codes(now, "success"):
            return failed <= {"signingCredential.untrusted"}
        return not failed and "signingCredential.trusted" in _codes(recorded, "success")


def _actions(manifest: _Json) -> Iterator[_Json]:
    for assertion in _objects(manifest.get("assertions")):
        if text_of(assertion.get("label")).split("__")[0] in {"c2pa.actions", "c2pa.actions.v2"}:
            yield from _objects(nested(assertion, "data").get("actions"))


def _term(action: _Json) -> str | None:
    return source_type.term(text_of(action.get("digitalSourceType")))


def _points(action: _Json) -> PointsTo:
    """What one action says: its source type, else an agent that can do nothing but generate."""
    word = _term(action)
    if word:
        return source_type.TERMS[word]
    agent = action.get("softwareAgent")
    name = fold(text_of(agent.get("name") if isinstance(agent, dict) else agent))
    return "generated" if name.startswith(_AI_AGENTS) else "none"


def _generator(manifest: _Json) -> str | None:
    infos = _objects(manifest.get("claim_generator_info"))
    name = (_string(infos[0], "name") if infos else None) or _string(manifest, "claim_generator")
    return excerpt(name, 80) if name else None


def _codes(results: _Json, kind: str = "failure") -> list[str]:
    return [text_of(item.get("code")) for item in _objects(results.get(kind))]


def _delta_codes(results: _Json) -> list[str]:
    deltas = _objects(results.get("ingredientDeltas"))
    return [code for delta in deltas for code in _codes(nested(delta, "validationDeltas"))]


def _objects(value: object) -> list[_Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _string(value: _Json, key: str) -> str | None:
    text = value.get(key)
    return excerpt(text) if isinstance(text, str) and text else None
