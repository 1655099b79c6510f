"""Groups of different rows, each row as often as it weighs."""

import numpy as np

from sipakit.sample import groups_of_rows


def dealt(weights, size, seed):
    return groups_of_rows(np.asarray(weights, float), size, np.random.default_rng(seed))


def test_rows_of_equal_weight_come_once_and_what_is_left_over_changes():
    left = set()
    for seed in range(40):
        groups = dealt(np.ones(11), 3, seed)
        assert groups.shape == (3, 3)
        assert len(np.unique(groups)) == 9
        left |= set(range(11)) - set(groups.ravel().tolist())
    assert left == set(range(11))


def test_rows_come_as_often_as_they_weigh_and_in_different_groups():
    weights = np.array([4, 1, 1, 0, 2, 2, 1, 1, 3, 3])
    counts = np.zeros(10)
    for seed in range(400):
        groups = dealt(weights, 3, seed)
        assert all(len(set(group)) == 3 for group in groups.tolist())
        counts += np.bincount(groups.ravel(), minlength=10)
    assert counts[3] == 0
    np.testing.assert_allclose(counts / counts.sum(), weights / weights.sum(), atol=0.01)


def test_any_two_rows_meet_equally_often():
    met = np.zeros((6, 6))
    for seed in range(2000):
        for a, b in dealt(np.ones(6), 2, seed):
            met[a, b] += 1
            met[b, a] += 1
    assert np.abs(met[~np.eye(6, dtype=bool)] - 400).max() < 5 * 20
