"""The strict reader: a card of literals is read, anything else is refused, and nothing is ever run."""

import pytest

from fauxto.catalog import read_card
from fauxto.errors import ContractError

GOOD = """CARD = Card(
    slug="one-two", kinds=("detector",), title="T", venue="V", year=2024, idea="I.", input=Input(size=64),
    output="one logit, higher = generated", claim="C.", gmac=-1.5, choices=("a" "b",),
    weights=(Weights(name="w", url="u", licence="l", layout="y"),),
)
"""


def write(folder, text):
    path = folder / "system.py"
    path.write_text(text)
    return path


def test_a_card_of_literals_is_read_without_its_imports(tmp_path):
    card = read_card(write(tmp_path, "import a_module_that_does_not_exist\n" + GOOD))
    assert (card.slug, card.kinds, card.input.size, card.gmac) == ("one-two", ("detector",), 64, -1.5)
    assert card.choices == ("ab",)
    assert card.weights[0].licence == "l"


def test_an_annotated_card_is_read(tmp_path):
    assert read_card(write(tmp_path, GOOD.replace("CARD =", "CARD: Card ="))).year == 2024


def test_nothing_is_executed(tmp_path):
    marker = tmp_path / "ran"
    read_card(write(tmp_path, f"open({str(marker)!r}, 'w')\n" + GOOD))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"T"', "__import__('os').getcwd()"),
        ('"T"', 'f"{1}"'),
        ('"T"', "TITLE"),
        ("2024", "2000 + 24"),
        ("gmac=-1.5", "**{}"),
        ("gmac=-1.5", "unknown=1"),
        ("year=2024,", ""),
        ("Input(size=64)", "Input(64)"),
        ("Input(size=64)", "dict(size=64)"),
        ('("detector",)', '["detector"]'),
        ('("detector",)', '("oracle",)'),
        ('"one-two"', '"One Two"'),
        ('"C."', '""'),
        ("2024", "1066"),
        ("CARD =", "card ="),
        ("CARD =", "if True:\n  CARD ="),
        ("CARD =", "CARD = 1\nCARD ="),
        ("CARD = Card(", "CARD = Input("),
        ("CARD =", "CARD = ("),
    ],
)
def test_whatever_is_no_literal_or_no_card_is_refused(tmp_path, old, new):
    with pytest.raises(ContractError) as caught:
        read_card(write(tmp_path, GOOD.replace(old, new, 1)))
    assert caught.value.fix


def test_missing_binary_and_huge_files_are_refused(tmp_path):
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(ContractError):
            read_card(path)
    (tmp_path / "zeros.py").write_bytes(bytes(100))
    with pytest.raises(ContractError):
        read_card(tmp_path / "zeros.py")
    (tmp_path / "deep.py").write_text("CARD = " + "(" * 5000)
    with pytest.raises(ContractError):
        read_card(tmp_path / "deep.py")
    (tmp_path / "huge.py").write_text(GOOD + "#" * 1_000_000)
    with pytest.raises(ContractError, match="larger"):
        read_card(tmp_path / "huge.py")
