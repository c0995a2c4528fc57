"""A certificate authority and a signer of our own, made afresh for each test run."""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass
from typing import Any

from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True)
class Authority:
    """A root certificate (PEM) with a signer below it."""

    anchors: str
    chain: str
    key: str


def authority(name: str) -> Authority:
    """A root named `name` and a signing certificate "`name` Signer" that it issued."""
    now = datetime.datetime.now(datetime.UTC)
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
    leaf_name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name} Signer"),
        ]
    )

    def start(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )

    root = (
        start(root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        start(leaf_name, leaf_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = [c.public_bytes(serialization.Encoding.PEM).decode() for c in (leaf, root)]
    key = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Authority(anchors=pem[1], chain="".join(pem), key=key)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def manifest(*actions: dict[str, Any], generator: str = "Test Generator") -> dict[str, Any]:
    """A manifest definition with these actions."""
    return {
        "claim_generator_info": [{"name": generator, "version": "1.0"}],
        "title": "picture",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": list(actions)}}] if actions else [],
    }


def sign(
    data: bytes,
    mime: str,
    definition: dict[str, Any],
    by: Authority,
    *,
    parent: bytes | None = None,
    part: bytes | None = None,
) -> bytes:
    """The picture with a signed manifest, `parent` or `part` as its ingredient."""
    info = C2paSignerInfo(C2paSigningAlg.ES256, by.chain.encode(), by.key.encode(), None)
    ingredients = {"parentOf": ("c2pa.opened", parent), "componentOf": ("c2pa.placed", part)}
    given = {relation: both for relation, both in ingredients.items() if both[1] is not None}
    linked = [
        {"action": action, "parameters": {"ingredientIds": [relation]}} for relation, (action, _) in given.items()
    ]
    actions = [a for assertion in definition["assertions"] for a in assertion["data"]["actions"]]
    ordered = linked + actions if "parentOf" in given else actions + linked
    definition = definition | {"assertions": manifest(*ordered)["assertions"]}
    out = io.BytesIO()
    with Context.from_dict(_OFFLINE) as context, Builder(definition, context=context) as builder:
        for relation, (_, ingredient) in given.items():
            json = {"title": f"{relation}.png", "relationship": relation, "label": relation}
            builder.add_ingredient(json, mime, io.BytesIO(ingredient))
        builder.sign(Signer.from_info(info), mime, io.BytesIO(data), out)
    return out.getvalue()
