"""The faces world: the same for a seed, mirrored when mirrored, and every label true of the pixels."""

from dataclasses import replace

import numpy as np
import pytest

from fauxto.data.worlds.faces import ATTRIBUTES, PARTS, Face, Person, attribute_table, draw, edit, pictures, swap
from fauxto.data.worlds.faces.drawing import EYE, turned
from fauxto.data.worlds.faces.people import HAIR, RANGES
from fauxto.errors import InputError

PLAIN = replace(Face(Person.drawn(7)), person=replace(Person.drawn(7), lasting=frozenset({"Brown_Hair"})))
LEFT_RIGHT = [name.replace("left", "?").replace("right", "left").replace("?", "right") for name in PARTS]


def part(portrait, *names):
    return np.isin(portrait.parts, [PARTS.index(name) for name in names])


def test_a_seed_gives_the_same_pictures_and_another_one_others():
    first, faces = pictures(6, seed=3)
    again, others = pictures(4, seed=3)
    np.testing.assert_array_equal(first[:4], again)
    assert faces[:4] == others
    assert first.shape == (6, 32, 32, 3) and first.dtype == np.uint8
    assert (first[:4] != pictures(4, seed=4)[0]).any((1, 2, 3)).all()


def test_people_keep_their_features_and_take_turns():
    people = [Person.drawn(1), Person.drawn(2)]
    _, faces = pictures(4, people=people)
    assert [face.person for face in faces] == people * 2
    assert len({face.yaw for face in faces}) == 4
    assert Person.drawn(1) == people[0] != people[1]


def test_a_shifted_population_shares_no_measure_with_the_other():
    moved = [Person.drawn(identity, shift=1.0) for identity in range(20)]
    for name, (low, high) in RANGES.items():
        assert all(low <= getattr(Person.drawn(identity), name) <= high for identity in range(20))
        assert all(getattr(person, name) >= high for person in moved)


@pytest.mark.parametrize("seed", range(3))
def test_a_mirrored_face_is_the_mirrored_picture(seed):
    face = replace(Face.drawn(seed), person=Person.drawn(seed))
    x, y = face.light
    other = replace(face, yaw=-face.yaw, roll=-face.roll, x=-face.x, light=(-x, y))
    one, mirror = draw(face, 48), draw(other, 48)
    np.testing.assert_allclose(one.pixels[:, ::-1].astype(int), mirror.pixels, atol=1)  # sums in another order
    swapped = np.array([PARTS.index(name) for name in LEFT_RIGHT])[one.parts[:, ::-1]]
    np.testing.assert_array_equal(swapped, mirror.parts)
    expected = one.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (48, 0)
    np.testing.assert_allclose(expected, mirror.landmarks, atol=1e-9)


def test_a_point_of_the_head_goes_where_the_rotation_takes_it():
    person, yaw = PLAIN.person, 30.0
    eye = draw(replace(PLAIN, yaw=yaw, x=0.0, y=0.0), 200).landmarks[1]
    u, angle = person.eye_gap, np.radians(yaw)
    depth = np.sqrt(1 - u**2 - EYE**2)
    expected = (u * np.cos(angle) + depth * np.sin(angle)) * person.width, EYE * person.height
    np.testing.assert_allclose(eye, 100 + 100 * np.array(expected), atol=1e-9)
    np.testing.assert_allclose(turned(20, -10) @ turned(20, -10).T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_landmarks_box_and_parts_agree(seed):
    face = Face.drawn(seed).changed(remove={"Eyeglasses"} & Face.drawn(seed).attributes)
    seen = draw(face, 96)
    names = [PARTS[seen.parts[int(y), int(x)]] for x, y in seen.landmarks[:3]]
    assert names == ["left eye", "right eye", "nose"]
    mouth = np.argwhere(part(seen, "upper lip", "lower lip", "mouth")) + 0.5
    assert all(np.hypot(*(mouth - corner[::-1]).T).min() < 2.5 for corner in seen.landmarks[3:])
    x, y, width, height = seen.box
    rows, columns = np.nonzero(part(seen, "skin", "nose", "left eye", "right eye", "mouth"))
    assert x - 1 <= columns.min() and columns.max() <= x + width
    assert y - 1 <= rows.min() and rows.max() <= y + height + 1


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_attribute_is_seen_at_32_pixels(name):
    other = PLAIN.changed(add=[name]) if name != "Brown_Hair" else PLAIN.changed(add=["Black_Hair"])
    assert (name in other.attributes) is (name != "Brown_Hair")
    seen = edit(PLAIN, add=other.attributes - PLAIN.attributes, side=32)
    difference = np.abs(seen.before.pixels.astype(int) - seen.after.pixels).max(2)
    np.testing.assert_array_equal(seen.mask, difference > 0)
    assert (difference > 12).sum() >= 3
    drawn = ~(part(seen.before, "background") & part(seen.after, "background"))
    near = np.logical_or.reduce([np.roll(drawn, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)])
    assert not (seen.mask & ~near).any()


def test_parts_are_there_where_the_attribute_is():
    for seed in range(25):
        face = Face.drawn(seed, turn=10)
        seen = draw(face, 64)
        assert part(seen, "glasses").any() == ("Eyeglasses" in face.attributes)
        assert part(seen, "hat").any() == ("Wearing_Hat" in face.attributes)
        assert part(seen, "earring").any() == ("Wearing_Earrings" in face.attributes)
        assert part(seen, "hair").any() == ("Bald" not in face.attributes)
        assert part(seen, "skin", "nose", "left eye", "right eye", "neck", "cloth").any()


def test_what_is_drawn_can_be():
    table = attribute_table([Face.drawn(seed) for seed in range(400)])
    column = {name: table[:, index] for index, name in enumerate(ATTRIBUTES)}
    assert (sum(column[name].astype(int) for name in ("Bald", *HAIR)) == 1).all()
    assert not (column["Bangs"] & (column["Wearing_Hat"] | column["Bald"])).any()
    assert all(0.05 < column[name].mean() < 0.45 for name in ATTRIBUTES)


def test_a_swap_changes_the_inner_face_only():
    seen = swap(PLAIN, Person.drawn(8))
    inner = part(seen.before, "skin", "nose", "left eye", "right eye", "left brow", "right brow", "mouth")
    inner |= part(seen.before, "upper lip", "lower lip")
    assert seen.mask.any() and not (seen.mask & ~inner).any()
    np.testing.assert_array_equal(seen.before.pixels[~seen.mask], seen.after.pixels[~seen.mask])
    assert not swap(PLAIN, PLAIN.person).mask.any()


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="no attribute 'Male'"):
        PLAIN.changed(add=["Male"])
    with pytest.raises(InputError, match="bald"):
        PLAIN.changed(remove=["Brown_Hair"])
    with pytest.raises(InputError, match="16 pixels"):
        draw(PLAIN, 8)
