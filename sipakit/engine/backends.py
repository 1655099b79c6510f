"""Where slices run: here, in threads, or in processes. Results come in the order of the slices.

Which of them is joblib's business: ``joblib.parallel_config`` where the user set it, else threads for models that
release Python's lock and processes for others. To processes everything is shipped once a round, as a file that they
share, and slices are sent as numbers. The slices of a worker that died are run again.
"""

from __future__ import annotations

import mmap
import pickle
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cloudpickle
import joblib
import threadpoolctl
from joblib.parallel import get_active_backend

from sipakit.engine.work import Work, without_false_alarms
from sipakit.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sipakit.engine.work import Bill

    Done: TypeAlias = tuple[list[Any], Bill]

__all__ = ["in_order", "load", "ship"]

_TRIES = 3
_TOGETHER = 16  # slices in one message, at most
_ALIGNED = 64  # bytes
_WORKER = threading.local()
_HELD: dict[str, tuple[Work, threadpoolctl.ThreadpoolController]] = {}  # what was shipped to this process


def in_order(work: Work, workers: int) -> Iterator[Done]:
    """Run all slices of a round, and yield what they observed and cost, slice after slice.

    Parameters
    ----------
    work : Work
    workers : int
        1 runs the slices here.

    Raises
    ------
    WorkerError
        If a slice kills its process again and again.
    """
    due = work.due()
    if workers == 1 or len(due) == 1:
        return map(work.run, due)
    work = replace(work, adapter=work.adapter.single_threaded())
    backend, _ = get_active_backend(prefer="threads" if work.adapter.manners.threads else "processes")
    if getattr(backend, "supports_sharedmem", False):
        return _in_threads(work, due, workers)
    return _in_processes(work, due, workers)


# ---- threads


def _in_threads(work: Work, due: Sequence[range], workers: int) -> Iterator[Done]:
    pool = joblib.Parallel(n_jobs=workers, prefer="threads", return_as="generator")
    here = threading.get_ident()
    return iter(pool(joblib.delayed(_beside)(work, draws, here) for draws in due))


def _beside(work: Work, draws: range, caller: int) -> Done:
    """Run a slice in a thread, whose model gets one thread: the workers have the cores."""
    here = threading.get_ident()
    if here != caller and here != threading.main_thread().ident and not hasattr(_WORKER, "limited"):
        # OpenMP keeps this number for each thread by itself, and joblib's threads end with their pool
        threadpoolctl.threadpool_limits(limits=1, user_api="openmp")
        _WORKER.limited = True
    return work.run(draws)


# ---- processes


def _in_processes(work: Work, due: Sequence[range], workers: int) -> Iterator[Done]:
    with tempfile.TemporaryDirectory(prefix="sipakit-") as folder:
        try:
            path = ship(work, Path(folder) / "work")
        except Exception:  # noqa: BLE001 - a model may refuse to travel in its own way
            yield from _in_threads(work, due, workers)
            return
        done = 0
        for attempt in range(1, _TRIES + 1):
            messages = _messages(due[done:], workers, together=_TOGETHER if attempt == 1 else 1)
            for told in _told(path, messages, workers, one_by_one=attempt == _TRIES):
                if told is None:
                    break
                done += len(told)
                yield from told
            if done == len(due):
                return
    message = f"A worker process died {_TRIES} times while it ran draws {due[done].start:,} to {due[done].stop - 1:,}"
    cure = "Look for a crash or a lack of memory in the model; joblib.parallel_config('threading') runs it here."
    raise WorkerError(f"{message} of {type(work.group[0]).__name__}.", "A model must survive its rows.", cure)


def _messages(due: Sequence[range], workers: int, together: int) -> list[Sequence[range]]:
    size = max(1, min(together, len(due) // (4 * workers)))
    return [due[i : i + size] for i in range(0, len(due), size)]


def _told(
    path: Path, messages: Sequence[Sequence[range]], workers: int, *, one_by_one: bool
) -> Iterator[list[Done] | None]:
    """Yield the answers to messages in their order, and None if a worker died."""
    pools = [[one] for one in messages] if one_by_one else [messages]  # alone, a guilty slice is known
    for together in pools:
        pool = joblib.Parallel(n_jobs=workers, prefer="processes", return_as="generator")
        try:
            yield from pool(joblib.delayed(_run_shipped)(str(path), message) for message in together)
        except BrokenProcessPool:  # loky's own kinds among them
            yield None
            return


def _run_shipped(path: str, message: Sequence[range]) -> list[Done]:
    """Run slices in a worker process, under the same regime of threads as everywhere."""
    if path not in _HELD:
        for old in list(_HELD)[:-1]:
            del _HELD[old]
        _HELD[path] = load(Path(path)), threadpoolctl.ThreadpoolController()
    work, pools = _HELD[path]
    with without_false_alarms(), pools.limit(limits=1):
        return [work.run(draws) for draws in message]


def ship(work: Work, path: Path) -> Path:
    """Write work to a file from which worker processes share its arrays.

    Arrays lie in the file as they are, each from a multiple of 64 bytes. The model's own arrays do not: libraries may
    want to write into these.
    """
    buffers: list[pickle.PickleBuffer] = []
    model = cloudpickle.dumps(work.adapter)
    text = cloudpickle.dumps((replace(work, adapter=None), model), protocol=5, buffer_callback=buffers.append)  # type: ignore[arg-type]
    places, end = [], 0
    with path.open("wb") as file:
        for buffer in buffers:
            raw = buffer.raw()
            places.append((end, end + raw.nbytes))
            file.write(raw)
            end += raw.nbytes + file.write(bytes(-raw.nbytes % _ALIGNED))
    path.with_suffix(".index").write_bytes(pickle.dumps((text, places)))
    return path


def load(path: Path) -> Work:
    """Read what `ship` of this run wrote; its arrays are read-only and shared with other processes."""
    text, places = pickle.loads(path.with_suffix(".index").read_bytes())
    with path.open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if places else b"")
    work, model = pickle.loads(text, buffers=[view[start:stop] for start, stop in places])
    whole: Work = replace(work, adapter=pickle.loads(model))
    return whole
