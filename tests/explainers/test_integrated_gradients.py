"""Integrated gradients against closed forms, a plain loop, and their own error."""

import copy
import re
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

import sipakit as sp

torch = pytest.importorskip("torch")

# Frames are given as arrays, and float32 rounds differently in other batches: both are told, as info.
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5, 4))
BACKGROUND = RNG.normal(size=(40, 4))


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks gain nothing from threads, and lose much where other work runs beside."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Formula(torch.nn.Module):
    """A formula in float64."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.register_buffer("precision", torch.zeros(1, dtype=torch.float64))

    def forward(self, x):
        return self.function(x)


def product(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def curved(x):
    """Two outputs, neither of them additive; in torch and in numpy alike."""
    lib = torch if isinstance(x, torch.Tensor) else np
    first = lib.tanh(x[:, 0] * x[:, 1]) + x[:, 2] ** 2 * x[:, 3]
    return lib.stack([first, lib.exp(0.3 * x[:, 0]) * x[:, 3]], 1)  # noqa: PD013 - no frame


def slopes_of_curved(x):
    """(rows, 4, 2) derivatives of `curved`, by hand."""
    bell = 1 - np.tanh(x[:, 0] * x[:, 1]) ** 2
    growth = np.exp(0.3 * x[:, 0])
    zero = np.zeros(len(x))
    first = np.stack([bell * x[:, 1], bell * x[:, 0], 2 * x[:, 2] * x[:, 3], x[:, 2] ** 2], 1)
    second = np.stack([0.3 * growth * x[:, 3], zero, zero, growth], 1)
    return np.stack([first, second], 2)


def brute(rows, background, steps=2000):
    """The definition as a loop: midpoints of the way from every background row to every row."""
    places = (np.arange(steps) + 0.5) / steps
    total = np.zeros((len(rows), rows.shape[1], 2))
    for i, x in enumerate(rows):
        for z in background:
            way = z + places[:, None] * (x - z)
            total[i] += (x - z)[:, None] * slopes_of_curved(way).mean(axis=0)
    return total / len(background)


def network(outputs=1):
    """A small network, trained for a second, with dropout and batch normalisation; a fresh copy each time."""
    return copy.deepcopy(trained(outputs))


@lru_cache
def trained(outputs):
    torch.manual_seed(0)
    X = torch.tensor(np.random.default_rng(1).normal(size=(512, 4)), dtype=torch.float32)
    y = curved(X)[:, :outputs]
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 32),
        torch.nn.BatchNorm1d(32),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(32, outputs),
    )
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        ((net(X) - y) ** 2).mean().backward()
        optimizer.step()
    return net


def explain(model, rows=ROWS, background=BACKGROUND, **parameters):
    run = {name: parameters.pop(name) for name in ("n_jobs", "budget") if name in parameters}
    return sp.IntegratedGradients(background=background, **parameters).explain(model, rows, **run)


def codes(explanation):
    return {one.code for one in explanation.caveats}


# Known answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [BACKGROUND, BACKGROUND[:1]])
def test_a_linear_network_gives_slope_times_distance(behind):
    net = torch.nn.Linear(4, 2).double()
    slopes = net.weight.detach().numpy()
    found = explain(net, background=behind, n_steps=3)
    expected = (ROWS - behind.mean(axis=0))[:, :, None] * slopes.T
    assert found.values == pytest.approx(expected, abs=1e-12)
    assert found.completeness_gap == pytest.approx(0, abs=1e-12)


def test_a_product_is_shared_by_its_closed_form():
    found = explain(Formula(product), n_steps=200)
    x, z = ROWS[:, None], BACKGROUND[None]
    away = x - z
    # the integral of z1 + t (x1 - z1) over t, times x0 - z0, and the other way round
    first = (away[..., 0] * (x[..., 1] + z[..., 1]) / 2).mean(axis=1)
    second = (away[..., 1] * (x[..., 0] + z[..., 0]) / 2).mean(axis=1)
    expected = np.stack([first, second, away[..., 2].mean(axis=1), np.zeros(5)], 1)
    assert found.values[..., 0] == pytest.approx(expected, abs=2e-3)


def test_two_outputs_agree_with_brute_force_quadrature():
    found = explain(Formula(curved), n_steps=200)
    assert found.values == pytest.approx(brute(ROWS, BACKGROUND), abs=2e-3)


def test_few_shifted_steps_miss_by_much_less_than_their_error():
    truth = brute(ROWS, BACKGROUND)
    found = explain(Formula(curved))
    assert "20 shifted steps" in found.estimator
    moving = found.std_error > 0
    assert (np.abs(found.values - truth)[moving] < 0.5 * found.std_error[moving]).all()
    assert (found.values[~moving] == truth[~moving]).all()


def test_one_background_row_is_classic_integrated_gradients():
    net = network()
    net.eval()
    found = explain(net, background=BACKGROUND[:1])
    z = torch.tensor(BACKGROUND[0], dtype=torch.float32)
    for row, x in zip(found.values[..., 0], torch.tensor(ROWS, dtype=torch.float32), strict=True):
        total, steps = torch.zeros(4), 5000
        for block in ((torch.arange(steps) + 0.5) / steps).split(1000):
            way = (z + block[:, None] * (x - z)).requires_grad_()
            total += torch.autograd.grad(net(way).sum(), way)[0].sum(dim=0)
        assert row == pytest.approx(((x - z) * total / steps).numpy(), abs=5e-3)
    assert found.estimator.startswith("Gauss-Legendre rule with 512 steps")
    assert found.base_std_error.tolist() == [0.0]


def test_one_background_row_agrees_with_brute_force_within_its_error():
    found = explain(Formula(curved), background=BACKGROUND[:1], n_steps=12)
    away = np.abs(found.values - brute(ROWS, BACKGROUND[:1], 20_000))
    assert away.max() < 1e-6
    assert (away <= 4 * found.std_error + 1e-8).all()


def test_groups_are_the_sums_of_their_columns():
    net = network(2)
    single = explain(net).values
    grouped = explain(net, groups={"pair": ["x1", "x3"]})
    place = {name: j for j, name in enumerate(grouped.features)}
    assert grouped.values[:, place["pair"]] == pytest.approx(single[:, 1] + single[:, 3], abs=1e-9)
    assert grouped.values[:, place["x0"]] == pytest.approx(single[:, 0], abs=1e-9)


def test_weights_of_rows_do_not_matter_and_equal_background_rows_have_no_spread():
    net = network()
    twice = np.repeat(BACKGROUND[:1], 2, axis=0)
    found = explain(net, background=twice, n_steps=300)
    assert found.values == pytest.approx(explain(net, background=BACKGROUND[:1]).values, abs=2e-2)
    assert (found.std_error < 1e-2).all()


# Errors -------------------------------------------------------------------------------------------


def test_standard_error_covers_the_choice_of_the_background():
    model = Formula(curved)
    every = np.random.default_rng(2).normal(size=(3000, 4))
    truth = explain(model, background=every).values
    z = []
    for seed in range(60):
        some = np.random.default_rng([3, seed]).normal(size=(50, 4))
        found = explain(model, background=some, random_state=seed)
        moving = found.std_error > 0
        z.append(((found.values - truth)[moving] / found.std_error[moving]).ravel())
    assert 0.85 < np.sqrt(np.mean(np.square(z))) < 1.25


@pytest.mark.parametrize("steps", [8, 64])
def test_standard_error_of_one_way_is_honest_where_the_derivative_jumps(steps):
    net = network().double()
    truth = explain(net, background=BACKGROUND[:1], rows=BACKGROUND[1:], n_steps=4001).values
    found = explain(net, background=BACKGROUND[:1], rows=BACKGROUND[1:], n_steps=steps)
    inside = (found.estimate.lower <= truth) & (truth <= found.estimate.upper)
    assert inside.mean() > 0.92
    assert np.median(found.std_error) < 5 * np.median(np.abs(found.values - truth))


def test_one_step_has_no_error_to_tell():
    found = explain(network(), background=BACKGROUND[:1], n_steps=1)
    assert np.isinf(found.std_error).all()
    assert "SIPA011" in codes(found)


def test_completeness_gap_is_what_is_missing_and_is_told():
    rough, fine = (explain(network(), n_steps=steps) for steps in (1, 100))
    for found in (rough, fine):
        total = found.base_values + found.values.sum(axis=1) + found.completeness_gap
        assert total == pytest.approx(found.predictions, abs=1e-12)
    assert np.abs(fine.completeness_gap).max() < 0.1 * np.abs(rough.completeness_gap).max()
    assert "SIPA026" in codes(rough)
    assert "SIPA026" not in codes(fine)


def test_a_column_without_derivative_is_told_by_the_gap():
    model = Formula(lambda x: x[:, 0] + 3 * torch.round(x[:, 1]))
    assert "SIPA026" in codes(explain(model, n_steps=200))


def test_a_row_that_is_the_background_gets_nothing():
    found = explain(network(), rows=BACKGROUND[:2], background=BACKGROUND[:1])
    assert not found.values[0].any()
    assert "SIPA031" in codes(found)
    assert "SIPA026" not in codes(found)


# What the engine gives ----------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [BACKGROUND, BACKGROUND[:1]])
def test_same_bits_for_one_and_two_workers(behind):
    torch.set_num_threads(2)
    net, rows = network(2), RNG.normal(size=(400, 4))
    one, two = (explain(net, rows=rows, background=behind, n_jobs=n) for n in (1, 2))
    assert one.cost.gradient_rows > 5 * 32_768  # several slices
    for name in ("values", "std_error", "completeness_gap", "predictions"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_cost_is_counted_in_gradient_rows():
    cost = explain(network(), n_steps=3).cost
    assert (cost.gradient_rows, cost.rows) == (5 * 40 * 3, 5 + 40)
    with pytest.raises(sp.BudgetError, match="IntegratedGradients"):
        explain(network(), n_steps=3, budget=500)


def test_seed_moves_the_steps_only():
    net = network()
    first, again, other = (explain(net, random_state=seed).values for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert other == pytest.approx(first, abs=0.1)


def test_dropout_and_batch_normalisation_are_left_as_found():
    net = network(1)
    net.train()
    net[1].eval()
    before = [part.training for part in net.modules()]
    first = explain(net)
    assert [part.training for part in net.modules()] == before
    assert all(p.grad is None for p in net.parameters())
    assert np.array_equal(first.values, explain(net.eval()).values)


def test_frames_keep_their_names_and_booleans_count():
    frame = pd.DataFrame({"age": [1.0, 2.0, 3.0], "kids": [0, 1, 2], "member": [True, False, True]})
    found = explain(Formula(lambda x: x @ torch.tensor([1.0, 2.0, 4.0]).double()), frame.iloc[:2], frame.iloc[1:])
    assert found.features == ("age", "kids", "member")
    assert found.values[0, :, 0] == pytest.approx([-1.5, -3.0, 2.0])
    assert found.row_values.tolist() == [[1.0, 0, True], [2.0, 1, False]]
    assert found.frame()["feature"].tolist() == ["age", "kids", "member"] * 2


def test_probabilities_add_up_on_their_own_scale():
    model = sp.adapt(network(2), classes=["no", "yes"], output="probability")
    found = explain(model, n_steps=100)
    assert (found.outputs, found.scale) == (("yes",), "probability")
    assert np.abs(found.completeness_gap).max() < 0.01


def test_parameters_can_be_read_and_cloned():
    method = sp.IntegratedGradients(background=BACKGROUND, n_steps=7)
    assert clone(method).n_steps == 7
    assert repr(method) == "IntegratedGradients(background=<ndarray 40 x 4>, n_steps=7)"


# What it refuses ----------------------------------------------------------------------------------


def test_a_model_without_gradients_is_refused_with_what_it_offers():
    model = LinearRegression().fit(BACKGROUND, BACKGROUND[:, 0])
    with pytest.raises(sp.CapabilityError, match=re.escape("SklearnAdapter offers: prediction")):
        explain(model)


def test_a_background_is_needed():
    with pytest.raises(sp.InputError, match="background"):
        sp.IntegratedGradients().explain(network(), ROWS)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_cells_are_refused_by_name(bad):
    holes = ROWS.copy()
    holes[[1, 3], 2] = bad
    model = Formula(lambda x: torch.nan_to_num(x, posinf=0).sum(dim=1))
    with pytest.raises(sp.InputError, match=r"'x2' of X .* rows 1, 3\."):
        explain(model, rows=holes)
    with pytest.raises(sp.InputError, match="'x2' of background"):
        explain(model, background=holes)


def test_strings_are_refused():
    frame = pd.DataFrame(ROWS[:, :3], columns=["x0", "x1", "x2"]).assign(x3="a")
    with pytest.raises(sp.InputError, match="no numbers: 'x3'"):
        explain(network(), rows=frame, background=frame)


@pytest.mark.parametrize("steps", [0, 2.5, True])
def test_steps_must_be_a_whole_number(steps):
    with pytest.raises(sp.InputError, match="n_steps"):
        sp.IntegratedGradients(n_steps=steps)
