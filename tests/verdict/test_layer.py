"""What stands beside a layer."""

from fauxto.finding import Evidence, Finding
from fauxto.verdict import layer, wording
from tests.verdict.reference import calling


def test_the_score_flags_a_picture_that_is_called_unless_its_pixels_do_not_count() -> None:
    pixels = wording.pixels(calling("generated"))
    unfit = Evidence("quality", "The picture is too small.", "none", limits="The pixel score does not count.")
    flagged = layer.of_score(Finding("a.jpg", fpr=0.01, evidence=[pixels]))
    assert flagged.flagged and pixels.limits in flagged.limits
    mute = layer.of_score(Finding("a.jpg", fpr=0.01, evidence=[pixels, unfit]))
    assert not mute.flagged and mute.limits.startswith(unfit.limits)
    assert (mute.number, mute.threshold) == (flagged.number, flagged.threshold)
