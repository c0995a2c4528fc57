"""AIGIBench (Li et al., NeurIPS 2025): `train/<class>/`, `val/<class>/` and `test/<subset>/` with `{0_real,1_fake}`."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

ALIASES = {
    "styleswim": "styleswin",
    "imswap": "inswap",
    "midjourney-v6": "midjourney",
    "sdv1.4": "stable-diffusion-1.4",
}
"""Subsets that mirrors call otherwise."""

_TRAIN = dict.fromkeys(("car", "cat", "chair", "horse"), "progan") | ALIASES
_ANY = r"(?P<label>0_real|1_fake)/(?:.*/)?[^/]+"
_TEST = {"split": "test"}

LAYOUT = Layout(
    slug="aigibench",
    title="AIGIBench",
    read=by_path(
        Rule(
            rf"(?P<split>train|val)/(?P<generator>[^/]+)/{_ANY}",
            names={"split": {"val": "calibration"}, "generator": _TRAIN},
        ),
        Rule(
            rf"test/(?P<generator>[^/]+)/(?:(?P<version>[^/]+)/)?{_ANY}",
            names={"generator": ALIASES}, real=_TEST, fake=_TEST,
        ),
        Rule(
            rf"(?:(?P<version>jpeg|noise|sample)/)?(?P<generator>[^/]+)/{_ANY}",
            names={"generator": ALIASES}, real=_TEST, fake=_TEST,
        ),
        slug="aigibench",
    ),
    signs=(r"(?:train/sdv1\.4|(?:SocialRF|CommunityAI|R3GAN|PhotoMaker|Infinite-ID)(?:/[^/]+)?)/1_fake/",),
    published="144,000 (Setting-I) or 288,000 (Setting-II) for training; 25 test subsets, as many real as generated",
    license="CC BY-NC-SA 4.0",
)  # fmt: skip
