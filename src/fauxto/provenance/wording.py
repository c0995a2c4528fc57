"""Plain sentences for what a file says of itself, each with what it cannot show."""

from __future__ import annotations

from fauxto.finding import Evidence, Strength
from fauxto.language import say
from fauxto.provenance.fields import PointsTo, Tag
from fauxto.provenance.manifest import C2pa

TAG_LIMITS = say("Anyone can write, copy or remove such a tag; it decides nothing by itself.")
CAMERA_LIMITS = say("Camera data are easily written or copied; they do not show that the pixels are a photograph.")

_CLAIM: dict[PointsTo, str] = {
    "generated": say("the picture was made by a generator"),
    "edited": say("a generator was used for some of it"),
    "camera": say("the picture comes from a camera"),
    "conflict": say("the picture comes both from a camera and from a generator"),
    "none": "",
}


def tag(item: Tag) -> Evidence:
    """One tag as evidence; a prompt never gets into it."""
    place = f"{item.carrier} ({_short(item.field)})" if item.field else item.carrier
    if item.strength == "none":
        unread = say("{place} could not be read: {reason}", place=place, reason=item.value)
        return Evidence("metadata", unread, "none", "none", say("What it held is unknown."), None)
    if item.points_to == "camera" and item.standard == "exif":
        named = say("{place} names a camera: {value}.", place=place, value=item.value)
        return Evidence("metadata", named, "weak", "camera", CAMERA_LIMITS, item.value)
    claim = _CLAIM[item.points_to]
    if item.points_to == "none":
        statement = say(
            "{place} declares the source type {value}, which is neither a camera's nor a generator's.",
            place=place,
            value=item.value,
        )
    elif item.generator:
        statement = say(
            "{place} declares in the manner of {generator} that {claim}.",
            place=place,
            generator=item.generator,
            claim=claim,
        )
    else:
        statement = say("{place} declares that {claim}.", place=place, claim=claim)
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
                say("The file points to a signed manifest that is kept elsewhere; it was not fetched."),
                "weak",
                "none",
                say("What that manifest says, and whether it fits this file, is unknown."),
                manifest.remote_url,
            )
        )
    if manifest.state != "none":
        statement, strength, points_to, limits = _signed(manifest)
        found.append(Evidence("c2pa", statement, strength, points_to, limits, _value(manifest)))
    return found


def _signed(manifest: C2pa) -> tuple[str, Strength, PointsTo, str]:
    who = manifest.issuer or say("a signer without a name")
    says = say("It says that {claim}.", claim=_CLAIM[manifest.points_to])
    if manifest.points_to == "none":
        says = say("It says nothing of a generator or a camera.")
    match manifest.state:
        case "trusted" if manifest.proved == manifest.points_to:
            return (
                say(
                    "A signed manifest by {who} is intact and its signer is on your trust list. {says}",
                    who=who,
                    says=says,
                ),
                "proof",
                manifest.points_to,
                say("It shows who signed, and that nothing changed since; it is as true as the signer is honest."),
            )
        case "trusted":
            return (
                say(
                    "A signed manifest by {who} is intact and trusted, but reports what is not. {says}",
                    who=who,
                    says=says,
                ),
                "strong",
                manifest.points_to,
                say("The statement comes from an ingredient whose own signature is not trusted."),
            )
        case "valid_unknown_signer":
            return (
                say(
                    "A signed manifest naming {who} is intact, but the signer is not on your list. {says}",
                    who=who,
                    says=says,
                ),
                "strong",
                manifest.points_to,
                say("Anyone can sign under any name; --trust-anchors checks the signer against a list."),
            )
        case "broken":
            return (
                say(
                    "A signed manifest naming {who} does not fit: file or manifest were altered after signing. {says}",
                    who=who,
                    says=says,
                ),
                "weak",
                manifest.points_to if manifest.points_to != "camera" else "none",
                say("Any editor that re-saves a picture breaks its manifest; it does not show what was altered."),
            )
    return (
        say("The file holds a signed manifest that cannot be read: {reason}", reason=manifest.reason),
        "none",
        "none",
        say("What the manifest says is unknown."),
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
