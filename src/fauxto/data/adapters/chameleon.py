"""Chameleon (Yan et al., ICLR 2025): `test/{0_real,1_fake}`; which generator made what is not told."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

_TEST = {"split": "test"}

LAYOUT = Layout(
    slug="chameleon",
    title="Chameleon",
    read=by_path(
        Rule(r"(?P<label>0_real|1_fake)/(?:.*/)?[^/]+", real={**_TEST, "source": "chameleon"}, fake=_TEST),
        slug="chameleon",
    ),
    signs=(r"chameleon[^/]*/(?:test/)?0_real/", r"chameleon[^/]*/(?:test/)?1_fake/"),
    published="26,033 pictures (14,863 real, 11,170 generated)",
    license="academic use only, on request",
)
