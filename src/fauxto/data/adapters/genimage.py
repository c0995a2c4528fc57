"""GenImage (Zhu et al., NeurIPS 2023): `<generator>/{train,val}/{ai,nature}`, or `<generator>_imagenet/{nature,ai}`."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

GENERATORS = {
    "imagenet_ai_0508_adm": "adm", "adm": "adm",
    "imagenet_ai_0419_biggan": "biggan", "biggan": "biggan",
    "imagenet_glide": "glide", "glide": "glide",
    "imagenet_midjourney": "midjourney", "midjourney": "midjourney",
    "imagenet_ai_0419_sdv4": "stable-diffusion-1.4", "stable_diffusion_v_1_4": "stable-diffusion-1.4",
    "sdv14": "stable-diffusion-1.4", "sdv1.4": "stable-diffusion-1.4",
    "imagenet_ai_0424_sdv5": "stable-diffusion-1.5", "stable_diffusion_v_1_5": "stable-diffusion-1.5",
    "sdv15": "stable-diffusion-1.5", "sdv1.5": "stable-diffusion-1.5",
    "imagenet_ai_0419_vqdm": "vqdm", "vqdm": "vqdm",
    "imagenet_ai_0424_wukong": "wukong", "wukong": "wukong",
}  # fmt: skip

# The class of ImageNet stands first in a name, but fifth in those of VQDM and GLIDE.
_CLASS = r"(?:(?:VQDM|GLIDE)_(?:[^_/]+_){3})?(?P<content>n\d{8}|\d+)(?=_)[^/]*|[^/]+"
_MEANING = {"generator": GENERATORS, "split": {"val": "test"}}
_REAL = {"source": "imagenet"}

LAYOUT = Layout(
    slug="genimage",
    title="GenImage",
    read=by_path(
        Rule(
            rf"(?P<generator>[^/]+)/(?P<split>train|val)/(?P<label>ai|nature)/(?:{_CLASS})", names=_MEANING, real=_REAL
        ),
        Rule(
            rf"(?P<generator>[^/]+)_imagenet/(?P<label>ai|nature)/(?:{_CLASS})",
            names=_MEANING,
            real={**_REAL, "split": "test"},
            fake={"split": "test"},
        ),
        slug="genimage",
    ),
    signs=(r"(?:[^/]+/(?:train|val)|[^/]+_imagenet)/ai/", r"(?:[^/]+/(?:train|val)|[^/]+_imagenet)/nature/"),
    published="8 generators, about 1.33 million real and 1.35 million generated; all val folders: 100,000",
    license="CC BY-NC-SA 4.0",
)
"""The reals are ImageNet and shared: one photograph can lie in the folders of several generators."""
