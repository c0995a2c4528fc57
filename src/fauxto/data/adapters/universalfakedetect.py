"""The diffusion sets of UniversalFakeDetect (Ojha et al., CVPR 2023): `{imagenet,laion}/0_real`, `<generator>/1_fake`.

The fakes of `guided` are to be scored against `imagenet`, all others against `laion`: `source` says so on both sides.
"""

from fauxto.data.adapters.layout import Layout, Rule, by_path

_LAION = "ldm_200|ldm_200_cfg|ldm_100|glide_100_27|glide_50_27|glide_100_10|dalle"
_TEST = {"split": "test"}
_GLIDE = {"family": "diffusion"}

LAYOUT = Layout(
    slug="universalfakedetect",
    title="UniversalFakeDetect, diffusion sets",
    read=by_path(
        Rule(r"(?P<source>imagenet|laion)/(?P<label>0_real)/[^/]+", real=_TEST),
        Rule(r"(?P<generator>guided)/(?P<label>1_fake)/[^/]+", fake={**_TEST, **_GLIDE, "source": "imagenet"}),
        Rule(r"(?P<generator>dalle)/(?P<label>1_fake)/[^/]+", fake={**_TEST, "source": "laion"}),
        Rule(rf"(?P<generator>{_LAION})/(?P<label>1_fake)/[^/]+", fake={**_TEST, **_GLIDE, "source": "laion"}),
        slug="universalfakedetect",
    ),
    signs=(r"(?:imagenet|laion)/0_real/", r"(?:guided|ldm_\d+\w*|glide_\d+_\d+|dalle)/1_fake/"),
    published="1,000 pictures in each folder of the release",
)
