"""ForenSynths, the set of CNNDetection (Wang et al., CVPR 2020): `<generator>/[<class>/]{0_real,1_fake}`."""

from fauxto.data.adapters.layout import Layout, Rule, by_path

GENERATORS = (
    *("progan", "cyclegan", "stylegan", "stylegan2", "biggan", "gaugan", "stargan", "crn", "imle", "deepfake"),
    *("seeingdark", "san", "whichfaceisreal"),
)
"""The 13 test folders; the published mean gives each the same weight."""

_PROGAN = {"generator": "progan"}

LAYOUT = Layout(
    slug="forensynths",
    title="ForenSynths",
    read=by_path(
        Rule(
            r"progan_(?P<split>train|val)/(?P<content>[^/]+)/(?P<label>0_real|1_fake)/[^/]+",
            names={"split": {"val": "calibration"}},
            real={"source": "forensynths/progan"},
            fake=_PROGAN,
        ),
        Rule(
            rf"(?P<generator>{'|'.join(GENERATORS)})/(?:(?P<content>[^/]+)/)?(?P<label>0_real|1_fake)/[^/]+",
            real={"split": "test"},
            fake={"split": "test"},
        ),
        slug="forensynths",
    ),
    signs=(r"(?:progan_train|progan_val|crn|imle|san|seeingdark|deepfake)/(?:[^/]+/)?1_fake/",),
    published="training 720,000; the four classes car, cat, chair, horse: 144,000",
    license="CC BY-NC-SA 4.0",
)
