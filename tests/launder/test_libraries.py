"""Each operator against the library whose semantics it claims; OpenCV only where it is installed."""

import io

import numpy as np
import pytest
import scipy.ndimage as ndi
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from fauxto import launder
from fauxto.launder.colour import equalised
from fauxto.launder.grain import film
from fauxto.launder.smoothing import effective_sigma, window

rng = np.random.default_rng(0)
COARSE = Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)).resize((80, 60), Image.Resampling.BICUBIC)
X = np.clip(np.asarray(COARSE) + rng.normal(0, 12, (60, 80, 3)), 0, 255).astype(np.uint8)


def apart(a, b):
    return np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int))


@pytest.mark.parametrize(
    ("chain", "library"),
    [
        ("median:5", lambda image: image.filter(ImageFilter.MedianFilter(5))),
        ("blur_pillow:1.7", lambda image: image.filter(ImageFilter.GaussianBlur(1.7))),
        ("saturation:1.6", lambda image: ImageEnhance.Color(image).enhance(1.6)),
        ("grey", lambda image: image.convert("L").convert("RGB")),
        ("autolevel:2", lambda image: ImageOps.autocontrast(image, 2)),
        ("local_contrast:70,12", lambda image: image.filter(ImageFilter.UnsharpMask(12, 70, 0))),
        ("flip", ImageOps.mirror),
        ("turn:1", lambda image: image.transpose(Image.Transpose.ROTATE_90)),
        ("turn:-1", lambda image: image.transpose(Image.Transpose.ROTATE_270)),
        ("rotate:7,bilinear,black", lambda image: image.rotate(7, Image.Resampling.BILINEAR)),
        ("to:40,90,lanczos", lambda image: image.resize((40, 90), Image.Resampling.LANCZOS)),
        ("squash:0.5,box", lambda image: image.resize((40, 60), Image.Resampling.BOX)),
        ("resize_back:0.5,bilinear", lambda i: i.resize((40, 30), Image.BILINEAR).resize((80, 60), Image.BILINEAR)),
        ("quantise:20", lambda i: i.quantize(20, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")),
        ("pad:0.1,white", lambda image: ImageOps.expand(image, 6, (255, 255, 255))),
    ],
)
def test_what_is_pillows_is_exactly_pillows(chain, library):
    assert np.array_equal(launder.apply(X, chain), np.asarray(library(Image.fromarray(X))))


@pytest.mark.parametrize(
    ("chain", "codec", "options"),
    [
        ("webp:50,2", "WEBP", {"quality": 50, "method": 2}),
        ("webp:50,mode=lossless", "WEBP", {"quality": 50, "lossless": True}),
        ("avif:60,speed=9", "AVIF", {"quality": 60, "speed": 9}),
        ("jpeg2000:30", "JPEG2000", {"quality_mode": "rates", "quality_layers": [30], "irreversible": True}),
    ],
)
def test_codecs_are_pillows_and_the_file_is_kept(chain, codec, options):
    buffer = io.BytesIO()
    Image.fromarray(X).save(buffer, codec, **options)
    shipment = launder.ship(X, chain)
    assert shipment.data == buffer.getvalue()
    assert np.array_equal(shipment.pixels, np.asarray(Image.open(buffer).convert("RGB")))


def test_a_lossless_webp_keeps_every_pixel():
    assert np.array_equal(launder.apply(X, "webp:80,mode=lossless"), X)


def test_double_jpeg_is_two_jpegs_with_a_shifted_grid():
    once = launder.apply(X, "jpeg:90")
    assert np.array_equal(launder.apply(X, "double_jpeg:90,60,down=3,right=5"), launder.apply(once[3:, 5:], "jpeg:60"))


def test_a_gif_has_its_palette():
    shipment = launder.ship(X, "gif:16,none")
    assert len(np.unique(shipment.pixels.reshape(-1, 3), axis=0)) <= 16
    assert np.array_equal(shipment.pixels, np.asarray(Image.open(io.BytesIO(shipment.data)).convert("RGB")))


def test_heif_and_h264_where_they_are_installed():
    for name, module in (("heif:60", "pillow_heif"), ("h264_frame:28", "av")):
        pytest.importorskip(module)
        out = launder.apply(X[:59, :79], name)
        assert out.shape == (59, 79, 3) and 0.5 < apart(out, X[:59, :79]).mean() < 25


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.5])
def test_blur_scipy8_is_scipys_filter_written_into_uint8(sigma):
    expected = X.copy()
    for channel in range(3):
        ndi.gaussian_filter(expected[..., channel], output=expected[..., channel], sigma=sigma)
    out = launder.apply(X, f"blur_scipy8:{sigma}")
    assert apart(out, expected).max() <= 1 and (out != expected).mean() < 0.002
    assert X.mean() - out.mean() > 0.7  # two truncations darken


@pytest.mark.parametrize("sigma", [0.8, 2.0])
def test_blur_is_scipys_in_float(sigma):
    expected = ndi.gaussian_filter(X.astype(float), (sigma, sigma, 0), radius=int(np.ceil(4 * sigma)))
    assert apart(launder.apply(X, f"blur:{sigma}"), np.rint(expected)).max() <= 1


def test_box_and_median_are_scipys():
    expected = ndi.uniform_filter(X.astype(float), (5, 5, 0), mode="reflect")
    assert apart(launder.apply(X, "box:5"), np.rint(expected)).max() <= 1
    inner = ndi.median_filter(X, (5, 5, 1))[3:-3, 3:-3]
    assert np.array_equal(launder.apply(X, "median:5")[3:-3, 3:-3], inner)


def test_motion_is_a_convolution_with_a_line():
    flat = ndi.uniform_filter1d(X.astype(float), 9, axis=1)
    along = launder.apply(X, "motion:9,0").astype(float)
    assert np.abs(along - flat)[:, 8:-8].mean() < 3
    turned = launder.apply(np.ascontiguousarray(X.transpose(1, 0, 2)), "motion:9,90").transpose(1, 0, 2)
    assert apart(turned, along).max() <= 1


def test_the_sigma_that_acts_in_a_window_is_the_published_table():
    table = {1: (0.74, 0.96, 1.00), 2: (0.80, 1.29, 1.86), 3: (0.81, 1.37, 2.23), 5: (0.82, 1.39, 2.45)}
    for sigma, row in table.items():
        assert [effective_sigma(k, sigma) for k in (3, 5, 9)] == pytest.approx(row, abs=0.02)
    assert [0.3 * ((k - 1) / 2 - 1) + 0.8 for k in (3, 5, 7, 9)] == pytest.approx([0.8, 1.1, 1.4, 1.7])
    assert window(5, 0).tolist() == window(5, 1.1).tolist()


@pytest.mark.parametrize(("y", "x"), [(9, 11), (0, 0), (19, 23), (4, 22)])
def test_nlm_is_its_definition(y, x):
    picture = X[:20, :24]
    out = launder.apply(picture, "nlm:12,3,2")
    padded = np.pad(picture.astype(float), ((3, 3), (3, 3), (0, 0)), mode="symmetric")
    total, value = 0.0, np.zeros(3)
    here = padded[y + 2 : y + 5, x + 2 : x + 5]
    for down in range(-2, 3):
        for right in range(-2, 3):
            there = padded[y + 2 + down : y + 5 + down, x + 2 + right : x + 5 + right]
            weight = np.exp(-((here - there) ** 2).mean() / 12**2)
            total, value = total + weight, value + weight * padded[y + 3 + down, x + 3 + right]
    assert apart(out[y, x], np.rint(value / total)).max() <= 1


def test_noises_have_the_moments_that_are_said():
    flat = np.full((200, 200, 3), 120, np.uint8)
    shot = launder.apply(flat, "poisson:60").astype(float)
    assert shot.std() == pytest.approx((255 * 120 / 60) ** 0.5, rel=0.03) and shot.mean() == pytest.approx(120, abs=0.5)
    speckle = launder.apply(flat, "speckle:0.1").astype(float)
    assert speckle.std() == pytest.approx(12, rel=0.03)
    salted = launder.apply(flat, "salt:0.1")
    assert (salted == 0).all(2).mean() == pytest.approx(0.05, abs=0.005)
    assert (salted == 255).all(2).mean() == pytest.approx(0.05, abs=0.005)
    grain = film(flat, np.random.default_rng(0), 6.0, 1.0).astype(float)
    assert grain[..., 0].std() == pytest.approx(6 * (4 * 120 / 255 * 135 / 255) ** 0.5, rel=0.05)
    assert np.array_equal(grain[..., 0], grain[..., 2])


def test_hue_turns_and_comes_back():
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    assert launder.apply(red, "hue:120")[0, 0].tolist() == pytest.approx([0, 200, 0], abs=5)
    assert np.array_equal(launder.apply(X, "hue:0"), X)
    assert launder.apply(red, "look:sepia")[0, 0].tolist() == [79, 70, 54]
    assert launder.apply(red, "balance:1.1")[0, 0].tolist() == [220, 0, 0]


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
@pytest.mark.parametrize("factor", [0.4, 0.5, 1.7])
def test_resize_plain_is_torchs_interpolate(kernel, factor):
    torch = pytest.importorskip("torch")
    mode = {"linear": "bilinear", "cubic": "bicubic"}[kernel]
    size = (round(60 * factor), round(80 * factor))
    values = torch.from_numpy(X.astype(np.float32)).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(values, size, mode=mode, align_corners=False)[0].permute(1, 2, 0)
    out = launder.apply(X, f"resize_plain:{factor},{kernel}")
    assert apart(out, np.clip(np.rint(expected.numpy()), 0, 255)).max() <= 1


@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic", "area"])
@pytest.mark.parametrize("factor", [0.4, 0.5, 0.75])
def test_resize_plain_is_opencvs(kernel, factor):
    cv2 = pytest.importorskip("cv2")
    code = getattr(cv2, f"INTER_{kernel.upper()}")
    expected = cv2.resize(X, (round(80 * factor), round(60 * factor)), interpolation=code)
    out = launder.apply(X, f"resize_plain:{factor},{kernel}")
    assert apart(out, expected).max() <= (0 if kernel == "nearest" else 1)
    assert (out != expected).mean() < 0.15  # OpenCV interpolates in fixed point of 16 bits; never off by more than one


@pytest.mark.parametrize("factor", [0.4, 0.5, 1.7])
def test_lanczos4_is_opencvs_in_float(factor):
    cv2 = pytest.importorskip("cv2")
    size = (round(80 * factor), round(60 * factor))
    out = launder.apply(X, f"resize_plain:{factor},lanczos4")
    assert apart(out, cv2.resize(X, size, interpolation=cv2.INTER_LANCZOS4)).max() <= 1  # 64 taps in fixed point
    exact = cv2.resize(X.astype(np.float32), size, interpolation=cv2.INTER_LANCZOS4)
    assert (out != np.floor(exact.clip(0, 255) + 0.5)).mean() < 0.002


def test_shrinking_without_antialiasing_keeps_the_noise():
    plain, pillow = launder.apply(X, "resize_plain:0.25,linear"), launder.apply(X, "resize:0.25,bilinear")
    assert plain.std() > pillow.std() + 1


def test_filters_are_opencvs():
    cv2 = pytest.importorskip("cv2")
    for kernel, sigma in ((3, 4.0), (5, 2.0), (9, 0.0)):
        assert (
            apart(launder.apply(X, f"blur_window:{kernel},{sigma}"), cv2.GaussianBlur(X, (kernel, kernel), sigma)).max()
            <= 1
        )
    expected = cv2.bilateralFilter(X, 5, 25, 3)
    assert apart(launder.apply(X, "bilateral:5,25,3"), expected).max() <= 1
    for clip, tiles in ((2.0, 8), (4.0, 4), (1.0, 7)):
        grey = np.ascontiguousarray(X[..., 1])
        assert apart(equalised(grey, clip, tiles), cv2.createCLAHE(clip, (tiles, tiles)).apply(grey)).max() <= 1


def test_jpeg_swapped_is_rgb_given_to_opencv():
    cv2 = pytest.importorskip("cv2")
    expected = cv2.imdecode(cv2.imencode(".jpg", X, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    assert apart(launder.apply(X, "jpeg_swapped:75"), expected).mean() < 0.05
    assert apart(launder.apply(X, "jpeg_swapped:75"), launder.apply(X, "jpeg:75")).mean() > 0.5


def test_shift_and_window_are_slices():
    assert np.array_equal(launder.apply(X, "shift:3,5"), X[3:, 5:])
    assert np.array_equal(launder.apply(X, "window:20,centre"), X[20:40, 30:50])
    sizes = {launder.apply(X, "shift", seed).shape[:2] for seed in range(60)}
    assert {60 - h for h, _ in sizes} == {80 - w for _, w in sizes} == set(range(1, 8))


def test_rotation_cuts_every_black_corner():
    white = np.full((60, 90, 3), 255, np.uint8)
    for angle in (1, 5, 15, -30):
        out = launder.apply(white, f"rotate:{angle}")
        assert out[2:-2, 2:-2].min() > 250
        assert out.shape[1] / out.shape[0] == pytest.approx(1.5, abs=0.08)


def test_barrel_bends_and_zero_does_not():
    assert np.array_equal(launder.apply(X, "barrel:0"), X)
    assert apart(launder.apply(X, "barrel:0.2"), X).mean() > 2


def test_overlays_stay_in_their_place():
    out = launder.apply(X, "caption:0.1", 4)
    assert np.array_equal(out[:40], X[:40]) and not np.array_equal(out[40:], X[40:])
    assert np.array_equal(launder.apply(X, "phone_frame:0.2")[12:-12], X)
    assert np.array_equal(launder.apply(X, "meme:0.2")[12:], X)
    assert np.array_equal(launder.apply(X, "watermark:0"), X)
    assert (launder.apply(X, "watermark:0.3").astype(int) >= X).all()
    changed = (launder.apply(X, "sticker:0.5", 1) != X).any(2)
    ys, xs = np.nonzero(changed)
    assert np.ptp(ys) <= 31 and np.ptp(xs) <= 31 and changed.mean() > 0.1


@pytest.mark.parametrize("name", [name for name, op in launder.OPERATORS.items() if op.moves])
def test_masks_follow_what_moves(name):
    """A white square on black: where it is after the operator is where its mask is (IoU at least 0.95)."""
    x = np.zeros((160, 200, 3), np.uint8)
    mask = np.zeros((160, 200), bool)
    mask[50:120, 60:150] = True
    x[mask] = 255
    for seed in (1, 2):
        out, followed = launder.apply(x, name, seed), launder.follow(mask, name, seed)
        assert followed.shape == out.shape[:2]
        if name in ("phone_frame", "meme"):
            top = 10 if name == "phone_frame" else 29
            assert followed[top : top + 160].tolist() == mask.tolist() and followed.sum() == mask.sum()
            continue
        seen = out.mean(2) > (130 if name != "print_scan" else 140)
        assert (seen & followed).sum() / (seen | followed).sum() >= 0.95


def test_a_mask_stays_where_nothing_moves():
    mask = np.random.default_rng(1).random((30, 40)) > 0.5
    assert np.array_equal(launder.follow(mask, "jpeg:50|blur:2|noise:5|caption"), mask)
