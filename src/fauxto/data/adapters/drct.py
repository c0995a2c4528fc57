"""DRCT-2M (Chen et al., ICML 2024): `<generator>/{train2017,val2017}/<COCO id>.*`; the reals are MS-COCO itself.

What lies below `DR` are reconstructions of COCO photographs, which the set labels fake.
"""

from fauxto.data.adapters.layout import Layout, Rule, by_path

GENERATORS = (
    *("ldm-text2im-large-256", "stable-diffusion-v1-4", "stable-diffusion-v1-5", "stable-diffusion-2-1"),
    *("stable-diffusion-xl-base-1.0", "stable-diffusion-xl-refiner-1.0", "sd-turbo", "sdxl-turbo", "lcm-lora-sdv1-5"),
    *("lcm-lora-sdxl", "sd-controlnet-canny", "sd21-controlnet-canny", "controlnet-canny-sdxl-1.0"),
    *("stable-diffusion-inpainting", "stable-diffusion-2-inpainting", "stable-diffusion-xl-1.0-inpainting-0.1"),
)
_NAMES = "|".join(name.replace(".", r"\.") for name in GENERATORS)
_SET, _ID = "(?P<split>train2017|val2017)", r"(?P<parent>\d{12})[^/]*"
_SPLITS = {"split": {"train2017": "train", "val2017": "test"}}
_DIFFUSION = {"family": "diffusion"}
_REMADE = {**_DIFFUSION, "manipulation": "generated", "architecture": "reconstruction"}

LAYOUT = Layout(
    slug="drct",
    title="DRCT-2M",
    read=by_path(
        Rule(
            rf"DR/(?P<generator>[^/]+)/(?:.*/)?{_SET}/(?:.*/)?full_inpainting/(?:.*/)?{_ID}", label="fake",
            names=_SPLITS, fake=_REMADE,
        ),
        Rule(
            rf"DR/(?P<generator>[^/]+)/(?:.*/)?full_inpainting/(?:.*/)?{_SET}/(?:.*/)?{_ID}", label="fake",
            names=_SPLITS, fake=_REMADE,
        ),
        Rule(rf"(?P<generator>{_NAMES})/{_SET}/(?:[^/]+/)?{_ID}", label="fake", names=_SPLITS, fake=_DIFFUSION),
        Rule(r"(?:MS-?)?COCO[^/]*/(?:images/)?(?P<split>train2017|val2017)/\d{12}\.[^/]+", label="real", names=_SPLITS,
             real={"source": "coco"}),
        slug="drct",
    ),
    signs=(rf"(?:{_NAMES})/(?:train2017|val2017)/",),
    published="2 million pictures, 16 generators; val2017 is the test set",
)  # fmt: skip
