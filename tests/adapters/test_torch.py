"""Networks are read as they are: eval mode, own dtype, left as found."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.intervene import Mix, Rows
from sipakit.table import Table

torch = pytest.importorskip("torch")

from sipakit.adapters.torch import TorchAdapter  # noqa: E402 - needs torch

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(7, 3))


def unchanged(data):
    table = Table.from_data(data)
    return Mix.unchanged(Rows(table, np.arange(len(table))))


def network(outputs=1, *middle, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), *middle, torch.nn.Linear(8, outputs))


class Formula(torch.nn.Module):
    """A module without parameters."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def finite_differences(adapter, data, step=1e-5):
    columns = []
    for j in range(data.shape[1]):
        shift = np.zeros(data.shape[1])
        shift[j] = step
        ahead, behind = adapter.predict(unchanged(data + shift)), adapter.predict(unchanged(data - shift))
        columns.append((ahead - behind) / (2 * step))
    return np.stack(columns, axis=1)


# What it answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_predictions_are_the_modules_own_in_its_own_dtype(dtype):
    net = network(2).to(dtype)
    with torch.no_grad():
        expected = net(torch.tensor(ROWS, dtype=dtype)).double().numpy()
    found = TorchAdapter.of(net).predict(unchanged(ROWS))
    assert found.dtype == np.float64
    assert np.array_equal(found, expected)


def test_a_module_without_parameters_gets_float32():
    seen = []
    TorchAdapter.of(Formula(lambda x: (seen.append(x.dtype), x[:, 0])[1])).predict(unchanged(ROWS))
    assert seen == [torch.float32]


def test_one_dimension_is_one_output():
    adapter = TorchAdapter.of(Formula(lambda x: x[:, 0]))
    assert adapter.predict(unchanged(ROWS)).shape == (7, 1)
    assert adapter.gradient(unchanged(ROWS)).shape == (7, 3, 1)


def test_integers_and_booleans_are_numbers_too():
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": pd.array([True, False], dtype="boolean")})
    adapter = TorchAdapter.of(Formula(lambda x: x.sum(dim=1)))
    assert adapter.predict(unchanged(frame)).ravel().tolist() == [3.0, 2.0]
    assert adapter.gradient(unchanged(frame)).ravel().tolist() == [1.0] * 6


@pytest.mark.parametrize("outputs", [1, 3])
def test_gradient_is_that_of_finite_differences(outputs):
    adapter = TorchAdapter.of(network(outputs).double())
    assert adapter.gradient(unchanged(ROWS)) == pytest.approx(finite_differences(adapter, ROWS), abs=1e-8)


@pytest.mark.parametrize("output", ["score", "probability", "log_odds", "b", ["c", "a"]])
@pytest.mark.parametrize("classes", [["a", "b", "c"], ["a", "b"]])
def test_gradient_goes_through_the_link(output, classes):
    if output == ["c", "a"] and len(classes) == 2:
        output = ["b", "a"]
    adapter = TorchAdapter.of(network(len(classes)).double(), output, classes)
    assert adapter.gradient(unchanged(ROWS)) == pytest.approx(finite_differences(adapter, ROWS), abs=1e-8)


def test_gradient_on_the_way_between_two_rows_is_that_at_the_place():
    adapter = TorchAdapter.of(network().double())
    table = Table.from_data(ROWS)
    first, last = np.array([0]), np.array([1])
    mix = Mix.of(Rows(table, first), Rows(table, last), np.full(3, 0.25))
    place = ROWS[[0]] + 0.25 * (ROWS[[1]] - ROWS[[0]])
    assert adapter.gradient(mix) == pytest.approx(adapter.gradient(unchanged(place)), abs=1e-12)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8])
def test_way_between_small_integers_does_not_wrap_around(dtype):
    table = Table.from_data(np.array([[1], [0]], dtype=dtype))
    mix = Mix.of(Rows(table, np.array([0])), Rows(table, np.array([1])), np.array([0.5]))
    assert TorchAdapter.of(Formula(lambda x: x)).predict(mix).item() == 0.5


# Outputs ------------------------------------------------------------------------------------------


def test_one_logit_of_two_classes_has_three_scales():
    net = network()
    logit = TorchAdapter.of(net).predict(unchanged(ROWS))
    chance = 1 / (1 + np.exp(-logit))

    def on(output):
        return TorchAdapter.of(net, output, ["no", "yes"]).predict(unchanged(ROWS))

    assert np.array_equal(on(None), logit)
    assert on("probability") == pytest.approx(chance, abs=1e-6)
    assert np.array_equal(on("log_odds"), logit)
    assert np.array_equal(on(["no", "yes"]), np.hstack([-logit, logit]))


def test_probabilities_of_three_logits_sum_to_one_and_log_odds_belong_to_them():
    net = network(3).double()
    adapter = TorchAdapter.of(net, "probability", ["a", "b", "c"])
    chance = adapter.predict(unchanged(ROWS))
    assert adapter.names_of_outputs(3) == ("a", "b", "c")
    assert chance.sum(axis=1) == pytest.approx(1)
    odds = adapter.with_output("log_odds").predict(unchanged(ROWS))
    assert odds == pytest.approx(np.log(chance / (1 - chance)), abs=1e-12)


def test_log_odds_of_a_sure_network_stay_finite():
    adapter = TorchAdapter.of(Formula(lambda x: 500 * x), "log_odds", ["a", "b", "c"])
    assert np.isfinite(adapter.predict(unchanged(ROWS))).all()


def test_choosing_a_class_keeps_the_scale():
    adapter = TorchAdapter.of(network(3), "probability", ["a", "b", "c"]).with_output("b")
    assert (adapter.scale, adapter.names_of_outputs(1)) == ("probability", ("b",))


def test_scale_and_names_without_classes():
    adapter = TorchAdapter.of(network())
    assert (adapter.scale, adapter.classes) == ("prediction", None)
    assert adapter.names_of_outputs(1) == ("prediction",)
    assert adapter.names_of_outputs(2) == ("output_0", "output_1")
    assert TorchAdapter.of(network(), classes=["no", "yes"]).scale == "score"
    with pytest.raises(sp.InputError, match="classes="):
        adapter.with_output("probability")


def test_adapt_finds_modules():
    adapter = sp.adapt(network(3), output="b", classes=["a", "b", "c"])
    assert isinstance(adapter, TorchAdapter)
    assert adapter.offers == {"prediction", "gradient"}


# It leaves the module as it was -------------------------------------------------------------------


def flags(net):
    return [part.training for part in net.modules()]


def unsettled():
    """A network with dropout and batch normalisation, some parts in training and some not."""
    net = network(1, torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(8))
    net.train()
    net[0].eval()
    return net


def test_dropout_and_batch_normalisation_run_in_eval_mode():
    net = unsettled()
    adapter = TorchAdapter.of(net)
    whole = adapter.predict(unchanged(ROWS))
    one_by_one = np.vstack([adapter.predict(unchanged(ROWS[[i]])) for i in range(7)])
    assert whole == pytest.approx(one_by_one, abs=1e-6)
    assert int(net[3].num_batches_tracked) == 0


@pytest.mark.parametrize("ask", ["predict", "gradient"])
def test_training_flags_are_put_back(ask):
    net = unsettled()
    before = flags(net)
    getattr(TorchAdapter.of(net), ask)(unchanged(ROWS))
    assert flags(net) == before


@pytest.mark.parametrize("ask", ["predict", "gradient"])
def test_training_flags_are_put_back_after_an_exception(ask):
    def fail(_):
        message = "broken"
        raise RuntimeError(message)

    net = torch.nn.Sequential(unsettled(), Formula(fail))
    before = flags(net)
    with pytest.raises(RuntimeError, match="broken"):
        getattr(TorchAdapter.of(net), ask)(unchanged(ROWS))
    assert flags(net) == before


def test_a_thread_that_leaves_does_not_switch_dropout_on_for_another():
    inside, leave, seen = threading.Event(), threading.Event(), []

    class Slow(torch.nn.Module):
        def forward(self, x):
            if len(x) == 7:  # the thread that stays
                inside.set()
                assert leave.wait(10)
                seen.append(self.training)
            return x[:, 0]

    net = Slow().train()
    adapter = TorchAdapter.of(net)
    stays = threading.Thread(target=adapter.predict, args=(unchanged(ROWS),))
    stays.start()
    assert inside.wait(10)
    adapter.predict(unchanged(ROWS[:2]))
    leave.set()
    stays.join(10)
    assert seen == [False]
    assert net.training


def test_no_gradients_are_left_on_parameters():
    net = network(2)
    TorchAdapter.of(net).gradient(unchanged(ROWS))
    assert all(p.grad is None and p.requires_grad for p in net.parameters())


def test_own_gradients_of_a_training_loop_are_kept():
    net = network()
    net(torch.tensor(ROWS, dtype=torch.float32)).sum().backward()
    before = [p.grad.clone() for p in net.parameters()]
    TorchAdapter.of(net).gradient(unchanged(ROWS))
    assert all(torch.equal(a, p.grad) for a, p in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
def test_gradients_work_where_the_caller_switched_them_off(switch):
    adapter = TorchAdapter.of(network())
    expected = adapter.gradient(unchanged(ROWS))
    with switch():
        assert np.array_equal(adapter.gradient(unchanged(ROWS)), expected)


def test_a_module_that_writes_into_its_input_harms_nothing():
    data = ROWS.copy()
    TorchAdapter.of(Formula(lambda x: x.mul_(0)[:, 0])).predict(unchanged(data))
    assert np.array_equal(data, ROWS)


# What it refuses ----------------------------------------------------------------------------------


def test_columns_that_are_no_numbers_are_refused_by_name():
    frame = pd.DataFrame({"age": [1.0], "city": ["Rome"], "level": pd.Categorical([1])})
    with pytest.raises(sp.InputError, match=r"'city', 'level'.*encode"):
        TorchAdapter.of(network()).predict(unchanged(frame))


def test_another_shape_is_refused():
    with pytest.raises(sp.PredictionError, match="rows, outputs"):
        TorchAdapter.of(Formula(lambda x: x[:, :, None])).predict(unchanged(ROWS))
    with pytest.raises(sp.PredictionError, match="rows, outputs"):
        TorchAdapter.of(Formula(lambda x: x[:, :, None]), classes=["a", "b"]).predict(unchanged(ROWS))


def test_several_tensors_are_refused():
    with pytest.raises(sp.PredictionError, match="one tensor"):
        TorchAdapter.of(Formula(lambda x: (x, x))).predict(unchanged(ROWS))


def test_another_number_of_logits_than_classes_is_refused():
    with pytest.raises(sp.PredictionError, match="2 logits for 3 classes"):
        TorchAdapter.of(network(2), classes=["a", "b", "c"]).predict(unchanged(ROWS))


def test_missing_cells_are_refused_where_the_network_answers_nothing():
    data = ROWS.copy()
    data[2, 1] = np.nan
    with pytest.raises(sp.PredictionError, match="finite"):
        TorchAdapter.of(network()).predict(unchanged(data))


@pytest.mark.parametrize("cut", [torch.Tensor.detach, torch.round])
def test_a_module_that_cuts_its_derivative_is_refused_or_gives_zero(cut):
    adapter = TorchAdapter.of(Formula(lambda x: cut(x)[:, 0]))
    if cut is torch.round:  # its derivative is zero where it has one
        assert not adapter.gradient(unchanged(ROWS)).any()
    else:
        with pytest.raises(sp.CapabilityError, match="reaches the input"):
            adapter.gradient(unchanged(ROWS))


def test_an_infinite_derivative_is_refused():
    adapter = TorchAdapter.of(Formula(lambda x: torch.sqrt(torch.abs(x[:, 0]))))
    with pytest.raises(sp.PredictionError, match="not finite at 1 of 1"):
        adapter.gradient(unchanged(np.zeros((1, 3))))


# Through the engine -------------------------------------------------------------------------------


def test_partial_dependence_of_a_network_has_the_same_bits_for_two_workers():
    X = RNG.normal(size=(3000, 3))
    one, two = (sp.PartialDependence().explain(network(), X, n_jobs=n) for n in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.values, two.values, strict=True))


def test_torch_is_imported_in_the_adapter_alone():
    folder = Path(sp.__file__).parent
    imports = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)
    library = [path for path in folder.rglob("*.py") if path.parent.name != "demo"]  # the demo trains a network
    found = [path.name for path in library if imports.search(path.read_text(encoding="utf-8"))]
    assert found == ["torch.py"]
    code = "import sys, sipakit as sp; sp.IntegratedGradients, sp.Shapley; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
