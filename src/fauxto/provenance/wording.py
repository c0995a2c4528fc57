"""Plain sentences for what a file says of itself, each with what it cannot show."""

from __future__ import annotations

from fauxto.finding import Evidence, Strength
from fauxto.provenance.fields import PointsTo, Tag
from fauxto.provenance.manifest import C2pa

TAG_LIMITS = "Anyone can write, copy or remove such a tag; it decides nothing by itself."
CAMERA_LIMITS = "Camera data are easily written or copied; they do not show that the pixels are a photograph."

_CLAIM: dict[PointsTo, str] = {
    "generated": "the picture was made by a generator",
    "edited": "a generator was used for some of it",
    "camera": "the picture comes from a camera",
    "conflict": "the picture comes both from a camera and from a generator",
    "none": "",
}


def tag(item: Tag) -> Evidence:
    """One tag as evidence; a prompt never gets into it."""
    place = f"{item.carrier} ({_short(item.field)})" if item.field else item.carrier
    if item.strength == "none":
        return Evidence("metadata", f"{place}: {item.value}", "none", "none", "What it held is unknown.", None)
    if item.points_to == "camera" and item.standard == "exif":
        return Evidence(
            "metadata", f"{place} names a camera: {item.value}.", "weak", "camera", CAMERA_LIMITS, item.value
        )
    who = f" in the manner of {item.generator}" if item.generator else ""
    statement = f"{place} declares{who} that {_CLAIM[item.points_to]}."
    if item.points_to == "none":
        statement = f"{place} declares the source type {item.value}, which is neither a camera's nor a generator's."
    return Evidence("metadata", statement, item.strength, item.points_to, TAG_LIMITS, item.value)


def c2pa(manifest: C2pa) -> list[Evidence]:
    """The signed manifest as evidence: none, one item, or two when part of it rests on links that are not
    proved.
    """
    found: list[Evidence] = []
    if manifest.remote_url:
        found.append(
            Evidence(
                "c2pa",
                "The file points to a signed manifest that is kept elsewhere; it was not fetched.",
                "weak",
                "none",
                "What that manifest says, and whether it fits this file, is unknown.",
                manifest.remote_url,
            )
        )
    if manifest.state != "none":
        statement, strength, points_to, limits = _signed(manifest)
        found.append(Evidence("c2pa", statement, strength, points_to, limits, _value(manifest)))
    return found


def _signed(manifest: C2pa) -> tuple[str, Strength, PointsTo, str]:
    issuer = manifest.issuer or "a signer without a name"
    says = f"It says that {_CLAIM[manifest.points_to]}."
    if manifest.points_to == "none":
        says = "It says nothing of a generator or a camera."
    match manifest.state:
        case "trusted" if manifest.proved == manifest.points_to:
            return (
                f"A signed manifest by {issuer} is intact and its signer is on your trust list. {says}",
                "proof",
                manifest.points_to,
                "It shows who signed, and that nothing changed since; it is as true as the signer is honest.",
            )
        case "trusted":
            return (
                f"A signed manifest by {issuer} is intact and trusted, but reports what is not. {says}",
                "strong",
                manifest.points_to,
                "The statement comes from an ingredient whose own signature is not trusted.",
            )
        case "valid_unknown_signer":
            return (
                f"A signed manifest naming {issuer} is intact, but the signer is not on your list. {says}",
                "strong",
                manifest.points_to,
                "Anyone can sign under any name; --trust-anchors checks the signer against a list.",
            )
        case "broken":
            return (
                f"A signed manifest naming {issuer} does not fit: the file was altered after signing. {says}",
                "weak",
                manifest.points_to if manifest.points_to != "camera" else "none",
                "Any editor that re-saves a picture breaks its manifest; it does not show what was altered.",
            )
    return (
        f"The file holds a signed manifest that cannot be read: {manifest.reason}",
        "none",
        "none",
        "What the manifest says is unknown.",
    )


def _value(manifest: C2pa) -> dict[str, str | None]:
    return {
        "state": manifest.state,
        "issuer": manifest.issuer,
        "generator": manifest.generator,
        "digital_source_type": manifest.digital_source_type,
    }


def _short(field: str) -> str:
    """A field name without its XML namespace."""
    return field.rsplit("}", 1)[-1]
