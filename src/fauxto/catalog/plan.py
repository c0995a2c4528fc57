"""The 44 published systems that fauxto sets out to hold, with the files that are, or will be, their homes."""

from __future__ import annotations

from typing import NamedTuple

from fauxto.catalog.card import Kind


class Planned(NamedTuple):
    """One row: where a system of the plan lives and where it was published ("arXiv" when nowhere else)."""

    number: int
    slug: str
    kinds: tuple[Kind, ...]
    homes: tuple[str, ...]
    title: str
    venue: str
    year: int


# fmt: off
PLAN: tuple[Planned, ...] = (
    Planned(1, "forgerynet", ("benchmark", "localizer", "detector"),
            ("bench/forgerynet.py", "detect/forgerynet_video.py", "localize/forgerynet_spatial.py",
             "localize/forgerynet_temporal.py"),
            "ForgeryNet", "CVPR", 2021),
    Planned(2, "ganprintr", ("attack",), ("attack/ganprintr.py",),
            "GANprintR: GAN-fingerprint removal", "IEEE JSTSP", 2020),
    Planned(3, "fakelocator", ("localizer",), ("localize/fakelocator.py",), "FakeLocator", "IEEE TIFS", 2022),
    Planned(4, "imaginet", ("detector", "attributor", "benchmark"),
            ("detect/imaginet.py", "bench/imaginet.py"),
            "ImagiNet", "arXiv", 2024),
    Planned(5, "studiogan", ("generator",), ("generate/gan/__init__.py", "score/generative/__init__.py"),
            "StudioGAN", "TPAMI", 2023),
    Planned(6, "npr", ("detector",), ("detect/npr.py",),
            "NPR: neighboring pixel relationships", "CVPR", 2024),
    Planned(7, "vct2", ("benchmark",), ("bench/vct2.py",),
            "VCT2: visual counter Turing test and visual AI index", "IJCNLP-AACL", 2025),
    Planned(8, "attribute-conditioned", ("attack",), ("attack/attribute_conditioned.py",),
            "Attribute-conditioned adversarial faces", "CVPR", 2023),
    Planned(9, "hp-gan", ("generator",), ("generate/hp_gan.py",), "HP-GAN", "Neural Networks", 2026),
    Planned(10, "wildfake", ("benchmark",), ("bench/wildfake.py",), "WildFake", "AAAI", 2025),
    Planned(11, "aria", ("benchmark", "detector"), ("detect/aria.py", "bench/aria.py"),
            "ARIA: the adversarial AI-art", "ESORICS", 2024),
    Planned(12, "sofake", ("explainer", "benchmark"), ("explain/sofake.py", "bench/sofake.py"),
            "So-Fake", "arXiv", 2025),
    Planned(13, "patchcraft", ("detector",), ("detect/patchcraft.py",),
            "PatchCraft: rich and poor texture contrast", "arXiv", 2023),
    Planned(14, "tridetect", ("detector",), ("detect/tridetect.py",),
            "TriDetect: triarchy detector", "AAAI", 2026),
    Planned(15, "stackgan", ("generator",), ("generate/stackgan.py",), "StackGAN", "ICCV", 2017),
    Planned(16, "aigibench", ("benchmark",), ("bench/aigibench.py",),
            "AIGIBench: is AI-generated image detection a solved problem?", "NeurIPS", 2025),
    Planned(17, "self-distilled-stylegan", ("generator",), ("generate/self_distilled_stylegan.py",),
            "Self-distilled StyleGAN", "SIGGRAPH", 2022),
    Planned(18, "openfake", ("benchmark",), ("serve/arena.py", "bench/openfake.py"),
            "OpenFake: dataset and crowdsourced adversarial arena", "arXiv", 2025),
    Planned(19, "rigid", ("detector",), ("detect/rigid.py",),
            "RIGID: training-free detection by noise perturbation", "arXiv", 2024),
    Planned(20, "counterfactual", ("explainer",), ("explain/counterfactual.py",),
            "Counterfactual explanations by adversarial removal of artifacts", "ICME", 2024),
    Planned(21, "caption-attack", ("attack",), ("attack/caption.py",),
            "Controlled caption generation through adversarial attacks", "arXiv", 2021),
    Planned(22, "fourier", ("detector", "attack"), ("detect/spectrum.py", "attack/spectrum.py"),
            "A closer look at Fourier spectrum discrepancies", "CVPR", 2021),
    Planned(23, "adaptivemix", ("generator",), ("generate/adaptivemix.py",), "AdaptiveMix", "CVPR", 2023),
    Planned(24, "omnidfa", ("attributor", "detector"), ("attribute/omnidfa.py",),
            "OmniDFA and OmniFake", "arXiv", 2025),
    Planned(25, "fpba", ("attack",), ("attack/fpba.py",),
            "FPBA: frequency-based post-train Bayesian attack", "arXiv", 2024),
    Planned(26, "text2facegan", ("generator",), ("generate/text2facegan.py",),
            "Text2FaceGAN", "IEEE BigMM", 2019),
    Planned(27, "dark-side-augmentation", ("generator",), ("generate/dark_side.py",),
            "Dark side augmentation", "ICCV", 2023),
    Planned(28, "sidegan", ("generator",), ("generate/sidegan.py",),
            "SideGAN: 3D-aware synthesis of side views", "ICCV", 2023),
    Planned(29, "anchor-diffusion", ("generator",), ("generate/anchor_diffusion.py",),
            "Anchor diffusion: text and image guided, from an anchor latent", "arXiv", 2023),
    Planned(30, "fakevlm", ("explainer",), ("explain/fakevlm.py",),
            "Spot the Fake: FakeVLM and FakeClue", "NeurIPS", 2025),
    Planned(31, "parganda", ("generator",), ("generate/parganda.py",), "ParGANDA", "arXiv", 2023),
    Planned(32, "fatformer", ("detector",), ("detect/fatformer.py",),
            "FatFormer: forgery-aware adaptive transformer", "CVPR", 2024),
    Planned(33, "gm-gan", ("generator",), ("generate/gm_gan.py",),
            "GM-GAN: Gaussian mixture GAN", "arXiv", 2018),
    Planned(34, "alei", ("detector",), ("detect/alei.py",),
            "ALEI: adaptive low-level experts injection", "arXiv", 2025),
    Planned(35, "detector-limits", ("attack",),
            ("attack/purify.py", "attack/spoof.py", "attack/substitute.py"),
            "Robustness of AI-image detectors: fundamental limits and practical attacks", "ICLR", 2024),
    Planned(36, "gaze", ("study", "explainer"), ("explain/gaze.py",),
            "Exploring human gaze patterns in fake images", "IEEE SPL", 2024),
    Planned(37, "ai-genbench", ("benchmark",), ("bench/ai_genbench.py",), "AI-GenBench", "IJCNN", 2025),
    Planned(38, "tug-of-war", ("study", "benchmark"), ("bench/arms_race.py",),
            "The tug-of-war between deepfake generation and detection", "arXiv", 2024),
    Planned(39, "wild", ("benchmark", "attributor"), ("bench/wild.py",),
            "WILD: in-the-wild image linkage dataset", "IJCNN", 2025),
    Planned(40, "e2gan", ("generator",), ("generate/e2gan.py",), "E2GAN", "ICML", 2024),
    Planned(41, "mri-gans", ("generator",), ("generate/mri_gans.py", "bench/mri_gans.py"),
            "Vanilla GAN, DCGAN and WGAN for MR images", "arXiv", 2026),
    Planned(42, "sida", ("explainer", "localizer"), ("explain/sida.py",), "SIDA", "CVPR", 2025),
    Planned(43, "if-gmi", ("attack",), ("attack/if_gmi.py",),
            "IF-GMI: intermediate-features model inversion", "ECCV", 2024),
    Planned(44, "safe", ("detector",), ("detect/safe.py",),
            "SAFE: simple preserved and augmented features", "KDD", 2025),
)
# fmt: on
