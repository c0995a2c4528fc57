"""Known generators by name: the kind of machine and the day of its release, as far as that is established.

Dates are those of the timeline of AI-GenBench (Pellegrini et al., 2025).
"""

from __future__ import annotations

import re

_GAN = {
    "cyclegan": "2017-03-30", "progan": "2017-10-27", "stargan": "2017-11-24", "snpatchgan": "2018-06-10",
    "biggan": "2018-09-28", "stylegan": "2018-12-12", "stylegan1": "2018-12-12", "gaugan": "2019-03-18",
    "stylegan2": "2019-12-03", "cips": "2020-11-27", "ganformer": "2021-03-01", "stylegan3": "2021-06-23",
    "lama": "2021-09-15", "projectedgan": "2021-11-01", "mat": "2022-03-29", "styleganxl": "", "gigagan": "",
    "r3gan": "", "styleswin": "", "sngan": "", "began": "", "attgan": "", "dfgan": "", "galip": "",
    "whichfaceisreal": "", "wfir": "",
}  # fmt: skip
_DIFFUSION = {
    "ddpm": "2020-06-19", "adm": "2021-05-11", "guided": "2021-05-11", "palette": "2021-11-10", "vqdm": "2021-11-29",
    "vqdiffusion": "2021-11-29", "denoisingdiffusiongan": "2021-12-16", "glide": "2021-12-20",
    "latentdiffusion": "2021-12-21", "midjourney": "2022-02-01", "stablediffusion14": "2022-08-22",
    "stablediffusion15": "2022-10-20", "stablediffusion21": "2022-12-07", "deepfloydif": "2023-04-26",
    "sdxl10": "2023-07-26", "sdxl": "2023-07-26", "stablediffusionxl": "2023-07-26", "dalle3": "2023-09-20",
    "flux1dev": "2024-08-01", "flux1schnell": "2024-08-02", "dalle2": "", "firefly": "", "wukong": "", "ddim": "",
    "imagen": "", "imagen3": "", "sd3": "", "stablediffusion13": "", "stablediffusion2": "", "midjourneyv5": "",
    "midjourneyv6": "", "flux1": "", "sdxlturbo": "",
}  # fmt: skip
_OTHER = {
    "vae": ("vqvae", "vqgan"),
    "autoregressive": ("dalle", "dalle1", "dallemini", "mage", "mae"),
    "regression": ("crn", "imle", "san", "seeingdark"),
    "swap": ("deepfake", "faceswap", "inswap", "simswap", "blendface", "e4s"),
    "rendered": ("facesynthetics",),
}


def key(name: str) -> str:
    """A name without case, spaces and signs.

    >>> key("Stable Diffusion v1-4")
    'stablediffusion14'
    """
    letters = re.sub(r"[^a-z0-9]+", " ", name.lower())
    return re.sub(r"\bv(?=\d)", "", letters).replace(" ", "")


def kind_of(name: str) -> tuple[str, str]:
    """The family (gan, diffusion, ...) and the ISO release date of a generator; empty text for what is not known.

    >>> kind_of("ProGAN"), kind_of("stable-diffusion-v1-5"), kind_of("my own")
    (('gan', '2017-10-27'), ('diffusion', '2022-10-20'), ('', ''))
    """
    word = key(name)
    for family, dates in (("gan", _GAN), ("diffusion", _DIFFUSION)):
        if word in dates:
            return family, dates[word]
    return next(((family, "") for family, names in _OTHER.items() if word in names), ("", ""))
