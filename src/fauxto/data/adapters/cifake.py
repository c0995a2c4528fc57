"""CIFAKE (Bird and Lotfi, 2024): `{train,test}/{REAL,FAKE}/*.jpg`, 32 x 32; Stable Diffusion 1.4 against CIFAR-10."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

LAYOUT = Layout(
    slug="cifake",
    title="CIFAKE",
    read=by_path(
        Rule(
            r"(?P<split>train|test)/(?P<label>REAL|FAKE)/[^/]+",
            real={"source": "cifar-10"},
            fake={"generator": "stable-diffusion-1.4"},
        ),
        slug="cifake",
    ),
    signs=(r"train/REAL/", r"train/FAKE/", r"test/REAL/", r"test/FAKE/"),
    published="100,000 for training and 20,000 for the test, half of them real",
)
