"""AIGCDetectBenchmark (Zhong et al., 2023): 16 test folders with `{0_real,1_fake}` at depth 1 or 2."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

GENERATORS = {
    "stable_diffusion_v_1_4": "stable-diffusion-1.4", "stable_diffusion_v_1_5": "stable-diffusion-1.5",
    "dalle2": "dalle2", "sdxl": "sdxl", "adm": "adm", "glide": "glide", "vqdm": "vqdm", "midjourney": "midjourney",
    **{name: name for name in ("progan", "stylegan", "biggan", "cyclegan", "stargan", "gaugan", "stylegan2")},
    "whichfaceisreal": "whichfaceisreal", "wukong": "wukong",
}  # fmt: skip
_NEW = "ADM|Glide|Midjourney|stable_diffusion_v_1_[45]|VQDM|wukong|DALLE2|SDXL"
_TEST = {"split": "test"}

LAYOUT = Layout(
    slug="aigcdetect",
    title="AIGCDetectBenchmark",
    read=by_path(
        Rule(
            rf"(?P<generator>{'|'.join(GENERATORS)})/(?:(?P<content>[^/]+)/)?(?P<label>0_real|1_fake)/[^/]+",
            names={"generator": GENERATORS},
            real=_TEST,
            fake=_TEST,
        ),
        slug="aigcdetect",
    ),
    signs=(rf"(?:{_NEW})/(?:[^/]+/)?0_real/", rf"(?:{_NEW})/(?:[^/]+/)?1_fake/"),
    published="16 folders, 17 with SDXL since March 2024; trained on ForenSynths",
)
