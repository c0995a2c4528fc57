"""Every public layout on a tiny tree of its own, read into the expected rows; and trees that lie."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fauxto.data.adapters import guess, index, layouts
from fauxto.data.adapters.aria import write_run
from fauxto.data.adapters.imaginet import annotation
from fauxto.data.adapters.layout import Rule
from fauxto.data.groups import parents
from fauxto.data.places import read_bytes
from fauxto.data.walk import Problems
from fauxto.errors import InputError

BYTES = b"\x89PNG\r\n\x1a\n"


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(BYTES)
    return root


def table(path: Path, header: str, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines] if header else lines) + "\n")


def shard(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    data = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(str(path), data.schema) as stream:
        stream.write_table(data)


def image(i: int = 0) -> dict:
    return {"bytes": BYTES + bytes([i]), "path": f"{i}.png"}


def found(root: Path, layout: str = "", **keys) -> tuple[list, Problems]:
    """The samples, and nothing may have been left out unless `problems` says so."""
    problems = Problems()
    indexed = index(root, layout, problems, **keys)
    samples = list(indexed.samples)
    if layout:
        assert indexed.layout == layout
    return samples, problems


def rows(samples, *names) -> set[tuple]:
    return {tuple(getattr(sample, name) for name in names) for sample in samples}


def test_genimage(tmp_path):
    root = tree(
        tmp_path / "set",
        *("ADM/imagenet_ai_0508_adm/val/ai/44_adm_12.PNG", "ADM/imagenet_ai_0508_adm/val/nature/n01440764_1.JPEG"),
        *("glide/train/ai/GLIDE_1000_200_00_064_glide_00033.png", "glide/train/nature/n01443537_2.JPEG"),
        *("Midjourney/train/ai/odd.png", "sdv5_imagenet/ai/7_x.png", "sdv5_imagenet/nature/plain.JPEG"),
    )
    samples, problems = found(root, "genimage")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "source", "split", "content", "license") == {
        (1, "adm", "", "test", "44", "CC BY-NC-SA 4.0"),
        (0, "", "imagenet", "test", "n01440764", "CC BY-NC-SA 4.0"),
        (1, "glide", "", "train", "064", "CC BY-NC-SA 4.0"),
        (0, "", "imagenet", "train", "n01443537", "CC BY-NC-SA 4.0"),
        (1, "midjourney", "", "train", "", "CC BY-NC-SA 4.0"),
        (1, "sdv5", "", "test", "7", "CC BY-NC-SA 4.0"),
        (0, "", "imagenet", "test", "", "CC BY-NC-SA 4.0"),
    }
    assert ("diffusion", "2021-12-20") in rows(samples, "family", "released")
    assert guess(root) == ["genimage"]


def test_forensynths(tmp_path):
    root = tree(
        tmp_path,
        *("progan_train/car/0_real/1.png", "progan_train/car/1_fake/1.png", "progan_val/cat/1_fake/1.png"),
        *("cyclegan/apple/0_real/1.png", "stylegan/bedroom/1_fake/2.png", "crn/1_fake/3.png", "san/0_real/4.png"),
        "other/0_real/5.png",
    )
    samples, problems = found(root, "forensynths")
    assert rows(samples, "label", "generator", "source", "split", "content", "family") == {
        (0, "", "forensynths/progan", "train", "car", ""),
        (1, "progan", "", "train", "car", "gan"),
        (1, "progan", "", "calibration", "cat", "gan"),
        (0, "", "forensynths/cyclegan", "test", "apple", ""),
        (1, "stylegan", "", "test", "bedroom", "gan"),
        (1, "crn", "", "test", "", "regression"),
        (0, "", "forensynths/san", "test", "", ""),
    }
    assert [path for path, _ in problems.shown] == ["other/0_real/5.png"]
    assert guess(root) == ["forensynths"]


def test_aigcdetect(tmp_path):
    root = tree(tmp_path, "test/ADM/0_real/1.png", "test/ADM/1_fake/1.png", "test/progan/cat/1_fake/1.png",
                "test/stable_diffusion_v_1_5/1_fake/1.png")  # fmt: skip
    samples, problems = found(root, "aigcdetect")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "content", "split") == {
        (0, "", "", "test"),
        (1, "adm", "", "test"),
        (1, "progan", "cat", "test"),
        (1, "stable-diffusion-1.5", "", "test"),
    }
    assert guess(root) == ["aigcdetect"]


def test_universalfakedetect_pairs_its_reals(tmp_path):
    folders = ("imagenet/0_real", "laion/0_real", "guided/1_fake", "ldm_200_cfg/1_fake", "dalle/1_fake")
    root = tree(tmp_path, *(f"{folder}/1.png" for folder in folders))
    samples, problems = found(root, "universalfakedetect")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "source", "family") == {
        (0, "", "imagenet", ""),
        (0, "", "laion", ""),
        (1, "guided", "imagenet", "diffusion"),
        (1, "ldm_200_cfg", "laion", "diffusion"),
        (1, "dalle", "laion", "autoregressive"),
    }
    assert guess(root) == ["universalfakedetect"]


def test_drct_names_the_photograph_that_a_fake_was_made_from(tmp_path):
    root = tree(
        tmp_path,
        *("images/stable-diffusion-v1-4/train2017/000000000009.png", "images/sdxl-turbo/val2017/000000000009.jpg"),
        *("MSCOCO/train2017/000000000009.jpg", "MSCOCO/val2017/000000000139.jpg"),
        "images/DR/stable-diffusion-v1-4/full_inpainting/val2017/000000000139.png",
        "images/DR/sdxl/val2017/full_inpainting/000000000139.png",
    )
    samples, problems = found(root, "drct")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "source", "split", "parent", "architecture") == {
        (1, "stable-diffusion-v1-4", "", "train", "000000000009", ""),
        (1, "sdxl-turbo", "", "test", "000000000009", ""),
        (0, "", "coco", "train", "", ""),
        (0, "", "coco", "test", "", ""),
        (1, "stable-diffusion-v1-4", "", "test", "000000000139", "reconstruction"),
        (1, "sdxl", "", "test", "000000000139", "reconstruction"),
    }
    real = {sample.path: i for i, sample in enumerate(samples) if not sample.label}
    assert {parent for _, parent in parents(samples)} == set(real.values())
    assert len(parents(samples)) == 4
    assert guess(root) == ["drct"]


def test_chameleon(tmp_path):
    root = tree(tmp_path / "Chameleon", "test/0_real/1.jpg", "test/1_fake/a/2.png")
    samples, _ = found(root, "chameleon")
    assert rows(samples, "label", "source", "split") == {(0, "chameleon", "test"), (1, "", "test")}
    assert guess(root) == ["chameleon"]
    assert guess(tree(tmp_path / "mine", "test/0_real/1.jpg", "test/1_fake/2.png")) == []


def test_synthbuster(tmp_path):
    root = tree(tmp_path, "dalle3/r000da54ft.png", "midjourney-v5/r000da54ft.png", "RAISE-1k/r000da54ft.tif")
    table(root / "prompts.csv", "image name (matching Raise-1k),Prompt", 'r000da54ft,"a church, at night"')
    samples, problems = found(root, "synthbuster")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "source", "prompt", "parent") == {
        (1, "dalle3", "", "a church, at night", "r000da54ft"),
        (1, "midjourney-v5", "", "a church, at night", "r000da54ft"),
        (0, "", "raise", "", ""),
    }
    assert len(parents(samples)) == 2
    assert guess(root) == ["synthbuster"]


def test_cifake_whose_alphabetical_order_is_the_reverse(tmp_path):
    root = tree(tmp_path, *(f"{s}/{c}/0001.jpg" for s in ("train", "test") for c in ("REAL", "FAKE")))
    samples, _ = found(root, "cifake")
    assert rows(samples, "label", "generator", "source", "split") == {
        (0, "", "cifar-10", "train"),
        (0, "", "cifar-10", "test"),
        (1, "stable-diffusion-1.4", "", "train"),
        (1, "stable-diffusion-1.4", "", "test"),
    }
    assert guess(root) == ["cifake"]


def test_artifact_reads_the_target_and_not_the_folder(tmp_path):
    root = tree(tmp_path, "cycle_gan/a/1.jpg", "cycle_gan/a/2.jpg", "afhq/3.jpg", "stray.jpg")
    (tmp_path.parent / f"{tmp_path.name}-secret.jpg").write_bytes(BYTES)
    (root / "afhq" / "link.jpg").symlink_to(tmp_path.parent / f"{tmp_path.name}-secret.jpg")
    table(root / "cycle_gan/metadata.csv", "image_path,target,category", "a/1.jpg,0,horse", "a/2.jpg,6,horse",
          "absent.jpg,6,horse", "a/2.jpg,many,horse")  # fmt: skip
    table(root / "afhq/metadata.csv", "image_path,target,category", "afhq/3.jpg,0,cat", "link.jpg,0,cat",
          f"../../{tmp_path.name}-secret.jpg,0,cat", "/etc/hostname,0,cat")  # fmt: skip
    samples, problems = found(root, "artifact")
    assert rows(samples, "label", "generator", "source", "content") == {
        (0, "", "artifact/cycle_gan", "horse"),
        (1, "cycle_gan", "", "horse"),
        (0, "", "artifact/afhq", "cat"),
    }
    said = dict(problems.shown)
    assert set(said) == {f"cycle_gan/metadata.csv:{n}" for n in (4, 5)} | {f"afhq/metadata.csv:{n}" for n in (3, 4, 5)}
    assert "no file" in said["cycle_gan/metadata.csv:4"] and "no number" in said["cycle_gan/metadata.csv:5"]
    assert "leaves the folder" in said["afhq/metadata.csv:3"] and "leaves" in said["afhq/metadata.csv:4"]
    assert guess(root) == ["artifact"]


HEADER = "Generator,Architecture,Weight,Category,IsAdvanced,IsFake,Image_path,Num"


def test_wildfake_finds_files_by_their_whole_path(tmp_path):
    root = tree(
        tmp_path,
        *("Images/GAN_based/Typical/BigGAN/1.png", "Images/Real/coco/img000000.jpg", "Images/Real/ffhq/img000000.jpg"),
        "Images/Diffusion_based/Midjourney/Typical/2.png",  # the archive left mj_v5/ out
        "Images/Diffusion_based/ADM/ADM/3.png",  # the archive doubled a folder
        *("Images/Real/x/twice.jpg", "Images/Real/y/twice.jpg"),
    )
    table(
        root / "split_train_test/csv_file/total_split/train_metadata.csv", HEADER,
        "GAN_based,BigGAN,base,BigGAN,0,1,./GAN_based/Typical/BigGAN/1.png,1",
        "Real,coco,,coco,0,0,./Real/coco/img000000.jpg,2", "Real,ffhq,,ffhq,0,0,./Real/ffhq/img000000.jpg,3",
        "Real,wukong,,wukong,0,0,./Real/wukong/1.jpg,4", "Real,coco,,coco,0,1,./Real/coco/img000000.jpg,5",
    )  # fmt: skip
    table(
        root / "split_train_test/csv_file/total_split/test_metadata.csv", HEADER,
        "Diffusion_based,Midjourney,v5,Midjourney,1,1,./Diffusion_based/Midjourney/Typical/mj_v5/2.png,1",
        "Diffusion_based,ADM,base,ADM,0,1,./Diffusion_based/ADM/3.png,2", "Real,x,,x,0,0,./Real/x/y/twice.jpg,3",
    )  # fmt: skip
    table(root / "split_train_test/csv_file/cross_times/train_metadata.csv", HEADER, "GAN_based,,,,0,1,./nowhere.png,1")
    samples, problems = found(root, "wildfake")
    assert rows(samples, "label", "generator", "family", "architecture", "version", "source", "split") == {
        (1, "BigGAN", "gan", "BigGAN", "base/typical", "", "train"),
        (0, "", "", "", "", "wildfake/coco", "train"),
        (0, "", "", "", "", "wildfake/ffhq", "train"),
        (1, "Midjourney", "diffusion", "Midjourney", "v5/advanced", "", "test"),
        (1, "ADM", "diffusion", "ADM", "base/typical", "", "test"),
    }
    said = [what for _, what in problems.shown]
    assert (
        len(said) == 3 and any("may be any of 2" in what for what in said) and any("no file" in what for what in said)
    )
    assert any("IsFake is 1 but Generator is Real" in what for what in said)
    assert guess(root) == ["wildfake"]


def test_imaginet_codes_are_words_and_calibration_counts_once(tmp_path):
    root = tree(tmp_path, *(f"images/wikiart/{i}.png" for i in range(5)))
    table(root / "annotations/train.txt", "", "images/wikiart/0.png,1,1,0,2", "images/wikiart/1.png,0,1,4,8",
          "images/wikiart/0.png,0,1,0,2", "images/wikiart/0.png,1,9,0,2", "images/wikiart/0.png,2,1,0,2")  # fmt: skip
    table(root / "annotations/test.txt", "", "images/wikiart/2.png,1,0,1,3", "images/wikiart/3.png,0,2,4,8")
    table(root / "annotations/test_calibration.txt", "", "images/wikiart/2.png,1,0,1,3")
    table(root / "readme.txt", "", "not a list")
    samples, problems = found(root, "imaginet")
    assert len(samples) == 4
    assert rows(samples, "label", "generator", "family", "content", "split", "source") == {
        (1, "stylegan3", "gan", "painting", "train", ""),
        (0, "", "", "painting", "train", "imaginet/wikiart"),
        (1, "stable-diffusion-2.1", "diffusion", "photo", "calibration", ""),
        (0, "", "", "face", "test", "imaginet/wikiart"),
    }
    assert [path.rsplit(":")[1] for path, _ in problems.shown] == ["3", "4", "5"]
    assert guess(root) == ["imaginet"]


def test_imaginet_lists_round_trip(tmp_path):
    root = tree(tmp_path, *(f"images/{i}.png" for i in range(4)))
    lines = ["images/0.png,1,1,0,2", "images/1.png,0,1,4,8", "images/2.png,1,0,1,4", "images/3.png,1,3,3,7"]
    table(root / "annotations/train.txt", "", *lines)
    samples, _ = found(root, "imaginet")
    assert [annotation(sample, root) for sample in samples] == lines
    with pytest.raises(InputError, match="no code for the content 'cars'"):
        annotation(replace(samples[0], content="cars"), root)


def test_aria_pairs_every_fake_with_its_real_picture_and_its_prompt(tmp_path):
    root = tree(
        tmp_path,
        *("dataset/Midjourney/T2I/art/a1.png", "dataset/Midjourney/IT2I/art_2500/a1.webp"),
        *("dataset/openai/T2I/news/a1.png", "dataset/StarryAI/I2I/news/lost.jpg", "dataset/odd.png"),
        *("select_data/art/a1.jpg", "select_data/news/a1.jpg"),
    )
    table(root / "run.csv", "Image_Name,Text_Prompt,Generator,Category,Method", "a1.png,a tree,Midjourney,art,T2I")
    table(root / "other.csv", "a,b", "1,2")
    samples, problems = found(root, "aria")
    assert rows(samples, "label", "generator", "architecture", "content", "source", "prompt") == {
        (1, "midjourney", "T2I", "art", "", "a tree"),
        (1, "midjourney", "I2I", "art", "", ""),
        (1, "dalle-3", "T2I", "news", "", ""),
        (1, "starryai", "I2I", "news", "", ""),
        (0, "", "", "art", "aria/art", ""),
        (0, "", "", "news", "aria/news", ""),
    }
    select = root / "select_data"
    assert {(s.architecture, s.content, s.parent) for s in samples if s.label} == {
        ("T2I", "art", str(select / "art/a1.jpg")), ("I2I", "art", str(select / "art/a1.jpg")),
        ("T2I", "news", str(select / "news/a1.jpg")), ("I2I", "news", "lost"),
    }  # fmt: skip
    assert [path for path, _ in problems.shown] == ["dataset/odd.png"]
    assert guess(root) == ["aria"]
    assert write_run(samples, root / "again.csv") == 4
    (root / "run.csv").unlink()
    assert rows(found(root, "aria")[0], "prompt", "architecture") == rows(samples, "prompt", "architecture")


def test_openfake_shards_of_any_release_and_metadata_tables(tmp_path):
    root = tmp_path / "OpenFake"
    shard(root / "core/train-00000-of-00001.parquet", [
        {"image": image(1), "prompt": "a man", "label": "fake", "model": "flux.1-dev", "release_date": "2024-08-01"},
        {"image": image(2), "prompt": "seen", "label": "real", "model": "laion", "release_date": None},
        {"image": image(3), "prompt": "", "label": "1", "model": "x", "release_date": None},
    ])  # fmt: skip
    shard(
        root / "validation-00000.parquet",
        [{"img": image(4), "caption": "c", "labels": "fake", "generator": "imagen-4"}],
    )
    shard(root / "odd.parquet", [{"n": 1}])
    (root / "bad.parquet").write_bytes(b"PAR1 no")
    tree(root, "test/fake/1.jpg")
    table(root / "test_metadata.csv", "file_name,prompt,label,model,type,release_date",
          "test/fake/1.jpg,p,fake,gpt-image-1,image,2025-04-23T00:00:00")  # fmt: skip
    samples, problems = found(root, "openfake")
    assert rows(samples, "label", "generator", "source", "prompt", "caption", "split", "released") == {
        (1, "flux.1-dev", "", "a man", "", "train", "2024-08-01"),
        (0, "", "openfake/laion", "", "seen", "train", ""),
        (1, "imagen-4", "", "c", "", "calibration", ""),
        (1, "gpt-image-1", "", "p", "", "test", "2025-04-23"),
    }
    assert [read_bytes(s.path)[-1] for s in samples[:2]] == [1, 2]
    assert {path.split(":")[0] for path, _ in problems.shown} == {
        "core/train-00000-of-00001.parquet", "odd.parquet", "bad.parquet",
    }  # fmt: skip
    assert guess(root) == ["openfake"]


def test_community_forensics_checks_its_code_against_the_architecture(tmp_path):
    root = tmp_path / "CommunityForensics-Small"
    base = {"image_name": "a", "format": "PNG", "resolution": "1x1", "mode": "RGB", "nsfw_flag": False, "prompt": "p",
            "real_source": "coco", "subset": "Systematic", "split": "train"}  # fmt: skip
    shard(root / "data/part-0.parquet", [
        {**base, "image_data": BYTES + b"1", "model_name": "sd-1", "label": 1, "architecture": "LatDiff"},
        {**base, "image_data": BYTES + b"2", "model_name": "", "label": 0, "architecture": "real"},
        {**base, "image_data": BYTES + b"3", "model_name": "sd-1", "label": 0, "architecture": "LatDiff"},
    ])  # fmt: skip
    samples, problems = found(root, "community-forensics")
    assert rows(samples, "label", "generator", "family", "source", "split", "content") == {
        (1, "sd-1", "diffusion", "", "train", "Systematic"),
        (0, "", "", "coco", "train", "Systematic"),
    }
    assert problems.count == 1 and "architecture is LatDiff" in problems.shown[0][1]
    assert read_bytes(samples[1].path) == BYTES + b"2"
    assert guess(root) == ["community-forensics"]


def test_wild_by_its_codes_or_by_a_map_file(tmp_path):
    root = tree(tmp_path / "w", "closed/ADF/0001.png", "closed/MDJ/step1/0001.jpg", "open/SG2_0003.png", "readme.png")
    samples, problems = found(root, "wild")
    assert rows(samples, "label", "generator", "content", "split") == {
        (1, "adobe-firefly", "closed", ""),
        (1, "midjourney", "closed", ""),
        (1, "stylegan2", "open", "test"),
    }
    assert [path for path, _ in problems.shown] == ["readme.png"]
    assert guess(root) == ["wild"]
    rules = tmp_path / "map.txt"
    rules.write_text("# ours\n\nfake (?P<generator>[A-Z0-9]{3})/(?:.*/)?(?P<parent>\\d+)\\.[a-z]+\nreal readme.*\n")
    samples, problems = found(root, "wild", rules=rules)
    assert rows(samples, "label", "generator", "parent") == {(1, "ADF", "0001"), (1, "MDJ", "0001"), (0, "", "")}
    assert problems.count == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rules"),
        ("fake", "line 1: there is no expression"),
        ("cat x", "'cat' is no class"),
        ("fake (x", "line 1"),
    ],
)
def test_a_bad_map_file_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "map.txt").write_text(text)
    with pytest.raises(InputError, match=said):
        index(tmp_path, rules=tmp_path / "map.txt")


@pytest.mark.parametrize("name", ["train/data-00000-of-00001.arrow", "data/train-00000.parquet"])
def test_ai_genbench_saved_to_disk(tmp_path, name):
    root = tmp_path / "ai_gen_bench_v1.0.0"
    base = {
        "height": 8,
        "width": 9,
        "file_id": "f",
        "description": "d",
        "positive_prompt": "p",
        "origin_dataset": "COCO",
    }
    shard(root / name, [
        {**base, "image": image(1), "label": 1, "generator": "Stable Diffusion 1.4"},
        {**base, "image": image(2), "label": 0, "generator": ""},
        {**base, "image": image(3), "label": 0, "generator": "Glide"},
    ])  # fmt: skip
    (root / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    samples, problems = found(root, "ai-genbench")
    assert rows(samples, "label", "generator", "source", "width", "height", "released", "caption", "prompt") == {
        (1, "Stable Diffusion 1.4", "COCO", 9, 8, "2022-08-22", "d", "p"),
        (0, "", "COCO", 9, 8, "", "d", ""),
    }
    assert problems.count == 1 and "generator is 'Glide'" in problems.shown[0][1]
    assert read_bytes(samples[0].path)[-1] == 1
    assert guess(root) == ["ai-genbench"]


def test_aigibench_in_either_nesting(tmp_path):
    root = tree(
        tmp_path,
        *("train/car/0_real/1.png", "train/sdv1.4/1_fake/1.png", "val/cat/1_fake/1.png"),
        *("test/StyleSwim/1_fake/1.png", "test/SocialRF/SocialRF/0_real/1.png", "test/jpeg/R3GAN/1_fake/1.png"),
    )
    samples, problems = found(root, "aigibench")
    assert problems.count == 0
    assert rows(samples, "label", "generator", "source", "split") >= {
        (0, "", "aigibench/progan", "train"),
        (1, "stable-diffusion-1.4", "", "train"),
        (1, "progan", "", "calibration"),
        (1, "styleswin", "", "test"),
        (0, "", "aigibench/SocialRF", "test"),
    }
    assert guess(root) == ["aigibench"]


def test_every_layout_of_the_issue_is_there_and_documented():
    assert set(layouts()) == {
        *("genimage", "forensynths", "aigcdetect", "universalfakedetect", "drct", "chameleon", "synthbuster", "cifake"),
        *("artifact", "wildfake", "imaginet", "openfake", "community-forensics", "wild", "ai-genbench", "aigibench"),
        "aria",
    }
    assert all(layout.title and layout.signs and layout.published for layout in layouts().values())


def test_plain_folders_are_what_is_left_and_doubt_is_refused(tmp_path):
    root = tree(tmp_path / "a", "real/1.png", "fake/flux/2.png")
    assert guess(root) == [] and index(root).layout == "folders"
    with pytest.raises(InputError, match="no layout 'nonsense'"):
        index(root, "nonsense")
    both = tree(tmp_path / "b", "crn/1_fake/1.png", "ADM/1_fake/1.png", "ADM/0_real/1.png")
    assert guess(both) == ["aigcdetect", "forensynths"]
    with pytest.raises(InputError, match="looks like aigcdetect and like forensynths"):
        index(both)


def test_samples_come_one_by_one(tmp_path):
    """The first sample is there before the rest of the tree is looked at."""
    root = tree(tmp_path, *(f"train/REAL/{i:04}.jpg" for i in range(30)))
    samples = iter(index(root, "cifake").samples)
    next(samples)
    for i in range(1, 30):
        (root / f"train/REAL/{i:04}.jpg").unlink()
    tree(root, "train/zzz/1.jpg")
    assert len(list(samples)) < 30


def test_hostile_trees_do_not_stop_an_adapter(tmp_path):
    root = tree(tmp_path / "t", "train/REAL/1.jpg", "train/FAKE/2.jpg", "train/FAKE/a\nb.jpg")
    (root / "train/FAKE/loop").symlink_to(root)
    (root / "train/FAKE/out.jpg").symlink_to("/etc/hostname")
    samples, problems = found(root, "cifake")
    assert len(samples) == 3 and problems.count == 2
    with (root / "m.csv").open("w", newline="") as file:
        csv.writer(file).writerow(["x" * 5_000_000])
    (root / "bad" / "metadata.csv").parent.mkdir()
    (root / "bad" / "metadata.csv").write_bytes(b"image_path,target,category\n\xff\xfe,1,x\n")
    assert "not UTF-8" in dict(found(root, "artifact")[1].shown)["bad/metadata.csv"]


def test_rules_match_whole_folder_names_only():
    rule = Rule(r"(?P<generator>san|crn)/(?P<label>0_real|1_fake)/[^/]+")
    assert rule.match("a/san/1_fake/x.png") == {"generator": "san", "label": 1}
    assert rule.match("bogus-san/1_fake/x.png") is None
    assert rule.match("san/1_fake/deeper/x.png") is None
