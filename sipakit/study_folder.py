"""A study as a folder: a file for each result and comparison, and `study.json`, which lists them; and back."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sipakit.documents import built, decoded, encoded, expect, fields, laid_out, loads, opened, read_bytes
from sipakit.errors import InputError
from sipakit.evaluation import comparison_of
from sipakit.reports.subject import Subject, slug
from sipakit.study import Study

__all__ = ["read_study", "write_study"]

_SCHEMA: Final = "sipakit.study/1"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.json")  # of a file beside the index: no way out of the folder
_READ: Final = {"schema", "digest", "subject", "results", "comparisons"}
_PAIRS: Final = ("kinds", "missing")
_CURE: Final = "Take the whole folder that Study.to_json wrote."


@dataclass(frozen=True)
class _Listed:
    """A file that the index lists."""

    file: str
    sha256: str


@dataclass(frozen=True)
class _Index:
    """What `study.json` holds."""

    subject: Subject
    names: tuple[str, ...]
    results: tuple[_Listed, ...]
    comparisons: tuple[_Listed, ...]


# ---- writing


def write_study(study: Study, folder: Path) -> list[Path]:
    """Write a study into a folder, which is made if need be; equal studies give equal files.

    Files of an earlier study that this one does not write again are removed, if they are still as they were written.

    Parameters
    ----------
    study : Study
    folder : Path

    Returns
    -------
    list of Path
        The index first, then results and comparisons in their order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{i:02}-{slug(name)}.json": one.to_json() for i, (name, one) in enumerate(study.items(), start=1)}
    compared = {f"comparison-{i}.json": one.to_json() for i, one in enumerate(study.comparisons, start=1)}
    listed = {file: {"file": file, "sha256": _digest(text.encode())} for file, text in (texts | compared).items()}
    index = {
        "subject": _told(study.subject),
        "results": [{"name": name, **listed[file]} for name, file in zip(study, texts, strict=True)],
        "comparisons": [listed[file] for file in compared],
    }
    earlier = _listed_before(folder)
    every = {**texts, **compared, "study.json": laid_out(_SCHEMA, index)}  # the index last: it vouches for the others
    for file, text in every.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    for path in earlier - {folder / file for file in every}:
        path.unlink()
    return [folder / "study.json", *(folder / file for file in listed)]


def _listed_before(folder: Path) -> set[Path]:
    """Find the files of the study that a folder holds, of which a reader would not know to which study they belong."""
    try:
        index = json.loads((folder / "study.json").read_text(encoding="utf-8"))
        listed = [_Listed(one["file"], one["sha256"]) for one in (*index["results"], *index["comparisons"])]
        files = {folder / one.file: one.sha256 for one in listed if _NAME.fullmatch(one.file)}
        return {path for path, digest in files.items() if path.is_file() and _digest(path.read_bytes()) == digest}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # no folder, or another file of that name


def _told(subject: Subject) -> dict[str, Any]:
    """Names of columns with what is known of them, as pairs."""
    told = {name: value for name, value in fields(subject).items() if name != "type"}
    pairs = {name: [[encoded(column), known] for column, known in getattr(subject, name)] for name in _PAIRS}
    return {**told, **pairs, "rows": [int(row) for row in subject.rows]}


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


# ---- reading


def read_study(data: bytes, path: Path, limit: int) -> Study:
    """Read the folder that `write_study` wrote.

    Parameters
    ----------
    data : bytes
        Of the index.
    path : Path
        Of the index; the files that it lists are looked for beside it and nowhere else.
    limit : int
        Bytes that all files may have together.

    Raises
    ------
    InputError
        Naming the file and what is wrong: bytes that were lost or changed, a file that is absent or not the one that
        is listed, a name that leads elsewhere, or what no index looks like.
    """
    where = f"path={str(path)!r}"
    index = _index(opened(data, where, _SCHEMA), where)
    files = _Files(path, limit, len(data))
    results = {name: loads(*files.read(one)) for name, one in zip(index.names, index.results, strict=True)}
    return Study(index.subject, results, tuple(comparison_of(*files.read(one)) for one in index.comparisons))


class _Files:
    """The files of a folder, one after the other, within one limit."""

    def __init__(self, index: Path, limit: int, taken: int) -> None:
        self.index, self.limit, self.taken = index, limit, taken

    def read(self, listed: _Listed) -> tuple[bytes, str]:
        """Return what is in a file, and what it is called in errors."""
        index = f"path={str(self.index)!r}"
        if not _NAME.fullmatch(listed.file):
            message = f"{index} lists the file {listed.file!r:.200}."
            raise InputError(message, "Files of a study lie beside its index and are named as '01-ale.json' is.", _CURE)
        path = self.index.parent / listed.file
        where = f"path={str(path)!r}"
        data = read_bytes(path, where, self.limit, self.taken)
        self.taken += len(data)
        if _digest(data) != listed.sha256:
            message = f"{where} is not the file that {self.index.name} lists: it was cut, changed or exchanged."
            raise InputError(message, f"Its SHA-256 must be {listed.sha256:.64}.", _CURE)
        return data, where


def _index(document: Mapping[str, Any], where: str) -> _Index:
    try:
        results, compared = (expect(list, document[name]) for name in ("results", "comparisons"))
        made = {
            "subject": _subject(document["subject"]),
            "names": tuple(one["name"] for one in results),
            "results": tuple(built(_Listed, {k: v for k, v in one.items() if k != "name"}) for one in results),
            "comparisons": tuple(built(_Listed, one) for one in compared),
        }
        left = {name: value for name, value in document.items() if name not in _READ}
        index = built(_Index, left, made=made)
        _refuse_twice(index.names)
        _refuse_twice([one.file for one in (*index.results, *index.comparisons)])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        message = f"{where} is no index of a study: {error}."
        raise InputError(message, f"It must follow the schema {_SCHEMA!r}.", _CURE) from error
    return index


def _subject(told: Mapping[str, Any]) -> Subject:
    made: dict[str, Any] = {
        name: tuple((_hashable(column), known) for column, known in expect(list, told[name])) for name in _PAIRS
    }
    made["rows"] = tuple(expect(list, told["rows"]))
    return built(Subject, {name: value for name, value in told.items() if name not in made}, made=made)


def _hashable(column: Any) -> Hashable:
    name = decoded(column)
    hash(name)
    return name  # type: ignore[no-any-return]


def _refuse_twice(given: Sequence[str]) -> None:
    for one, count in Counter(given).items():
        if count > 1:
            message = f"{one!r:.200} is listed twice"
            raise ValueError(message)
