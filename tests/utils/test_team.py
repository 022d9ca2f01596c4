"""Work that is shared among the threads of torch."""

import threading
import time

import pytest

from skneuro.utils import _team


@pytest.fixture(params=["torch's threads", "others"])
def threads(request, monkeypatch):
    """Run in the threads of torch, or as where they cannot be found."""
    if request.param == "others":
        monkeypatch.setattr(_team, "_find_parallel", lambda: None)
    elif _team._find_parallel() is None:
        pytest.skip("this build of torch has no GNU OpenMP")


@pytest.mark.parametrize("n_calls", [1, 2, 3, 17])
def test_every_call_is_made_once(threads, n_calls):
    done = []
    _team.share(
        lambda k, square: done.append((k, square)), [(k, k * k) for k in range(n_calls)]
    )
    assert sorted(done) == [(k, k * k) for k in range(n_calls)]


def test_calls_run_at_the_same_time(threads):
    both = threading.Barrier(2, timeout=20)
    _team.share(lambda _: both.wait(), [(0,), (1,)])  # would wait for ever in turn
    assert not both.broken


def test_errors_reach_the_caller(threads):
    def fail(k):
        if k == 1:
            raise ValueError("call 1 went wrong")

    with pytest.raises(ValueError, match="call 1 went wrong"):
        _team.share(fail, [(0,), (1,), (2,)])


def test_threads_may_share_side_by_side(threads):
    found = []

    def work(seed):
        part = []
        for _ in range(20):
            _team.share(lambda k: (time.sleep(1e-4), part.append(k)), [(0,), (1,)])
        found.append((seed, sorted(part)))

    outer = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in outer:
        thread.start()
    for thread in outer:
        thread.join(60)
    assert sorted(found) == [(seed, 20 * [0] + 20 * [1]) for seed in range(3)]
