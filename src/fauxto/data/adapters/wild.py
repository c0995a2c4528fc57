"""WILD (Bongini et al., 2025), for attribution: 20 generators by their three letters, no real pictures.

The inner names of the archive are not documented: pictures below (or named after) a code are found, and a map file
(`--map`) says the rest.
"""

from fauxto.data.adapters.layout import Layout, Rule, by_path

CLOSED = {
    "adf": "adobe-firefly", "de3": "dalle-3", "fx1": "flux-1", "fxp": "flux-1.1-pro", "fpk": "freepik",
    "leo": "leonardo-ai", "mdj": "midjourney", "s35": "stable-diffusion-3.5-large", "sxl": "sdxl-turbo",
    "str": "starry-ai",
}  # fmt: skip
OPEN = {
    "de1": "dalle-1", "dpa": "deep-ai", "hpa": "hotpot-ai", "nvs": "sana-pag", "scd": "stable-cascade",
    "sae": "attend-and-excite", "sg1": "stylegan", "sg2": "stylegan2", "sg3": "stylegan3", "thy": "hunyuan",
}  # fmt: skip


def _rules(codes: dict[str, str], values: dict[str, str]) -> tuple[Rule, Rule]:
    words, names = "|".join(codes), {"generator": codes}
    return (
        Rule(rf"(?P<generator>{words})/(?:.*/)?[^/]+", label="fake", names=names, fake=values),
        Rule(rf"(?P<generator>{words})[_-][^/]+", label="fake", names=names, fake=values),
    )


LAYOUT = Layout(
    slug="wild",
    title="WILD",
    read=by_path(
        *_rules(CLOSED, {"content": "closed"}), *_rules(OPEN, {"content": "open", "split": "test"}), slug="wild"
    ),
    signs=(r"(?:ADF|FXP|FPK|LEO)/", r"(?:MDJ|S35|SXL|STR)/"),
    published="50,000 pictures: 20 generators with 1,000 each, half of them also after one, two and three operators",
)
"""The closed set is to be split by prompt: `fauxto data split --by parent,duplicate` with prompts from a map file."""
