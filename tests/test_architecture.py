"""House rules as tests: imports run one way, classes are abstract or final, files are short, nothing is hidden."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import sipakit

ROOT = Path(sipakit.__path__[0])
FILES = sorted(ROOT.rglob("*.py"))

# A room may import, when it is loaded, only what stands to its left.
ORDER = [
    *("version", "errors", "names", "shown", "caveats", "columns", "frames", "axis", "equality", "estimate"),
    *("structure", "table", "intervene", "task", "door"),
    *("metrics", "encoding", "scoring", "aggregate", "sample", "exact"),
    *("explanation", "documents", "exchange", "rules", "explainer", "explainers"),
    *("adapters", "engine"),
    *("methods", "checks", "evaluation"),
    *("plots", "reports", "datasets", "study", "study_folder", "demo", "cli", "__main__", "__init__"),
]

# These may import less than that.
LEFT_END = {"errors", "caveats", "columns", "frames", "structure", "table", "intervene"}
RESULTS = {"version", "errors", "names", "caveats", "axis", "equality", "estimate", "explanation"}
NARROW = {
    "demo": set(ORDER),  # shows the public face
    "adapters": LEFT_END,  # models know nothing of methods
    "aggregate": {"errors"},  # numbers in, numbers out
    "exact": {"structure", "table", "intervene"},
    "sample": LEFT_END | {"axis", "encoding", "task"},
    "explainers": set(ORDER[: ORDER.index("explainers")]),  # methods know nothing of models: no adapters, no engine
    "evaluation": RESULTS | {"documents"},
    "plots": RESULTS,
    "reports": RESULTS | {"documents", "evaluation", "plots"},
}

# Imported when a function is called: what would close a circle, or is rarely needed.
DEFERRED = {
    ("explainer", "engine"),  # Explainer.explain
    ("explanation", "plots"),  # Explanation.plot
    ("explanation", "documents"),  # Explanation.to_json
    ("documents", "evaluation"),  # load: what holds explanations
    ("documents", "study_folder"),
    ("explanation", "exchange"),  # Attributions.to_shap
    ("explanation", "reports"),  # Explanation.__repr__
    ("evaluation", "plots"),
    ("evaluation", "reports"),  # Comparison.__repr__
    ("table", "intervene"),  # Table.as_data
    ("study", "reports"),
    ("study", "study_folder"),  # Study.to_json
    ("cli", "demo"),
}


def room_of(file):
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def name_of(file):
    return ".".join(("sipakit", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def tree_of(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(file):
    """(room, when) of every import of sipakit: when it is loaded, for types only, or in a function."""

    def walk(node, when):
        for child in ast.iter_child_nodes(node):
            then = when
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                then = "types"
            elif isinstance(child, (ast.FunctionDef, ast.Lambda)) and when != "types":
                then = "deferred"
            if isinstance(child, ast.ImportFrom):
                assert not child.level, f"{file} imports by dots"
            if isinstance(child, ast.Import):
                names = [alias.name.split(".") for alias in child.names]
                yield from (((*name, "__init__")[1], when) for name in names if name[0] == "sipakit")
            if isinstance(child, ast.ImportFrom) and (child.module or "").split(".")[0] == "sipakit":
                room = child.module.split(".")[1:2] or [alias.name for alias in child.names]
                yield from ((one, when) for one in room)
            yield from walk(child, then)

    return set(walk(tree_of(file), "loaded"))


def test_every_file_has_a_place_in_the_order():
    assert {room_of(file) for file in FILES} <= set(ORDER)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_one_way(file):
    here = room_of(file)
    allowed = NARROW.get(here, set(ORDER[: ORDER.index(here)])) | {here}
    for room, when in imports_of(file):
        if when == "loaded":
            assert room in allowed, f"{name_of(file)} imports {room!r}, and may import {sorted(allowed)}"
        if when == "deferred" and room not in allowed:
            assert (here, room) in DEFERRED, f"{name_of(file)} imports {room!r} in a function"
        assert {here, room} != {"adapters", "explainers"}, "adapters and explainers meet in the engine"


@pytest.mark.parametrize("file", [f for f in FILES if room_of(f) not in {"adapters", "demo"}], ids=name_of)
def test_only_adapters_look_at_the_type_of_a_model(file):
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"isinstance", "type", "hasattr", "getattr"}:
            text, subject = ast.unparse(node), ast.unparse(node.args[0]).split(".")[-1]
            ours = text.endswith(", Adapter)")
            assert ours or subject not in {"model", "estimator", "module"}, f"{name_of(file)}:{node.lineno} {text}"


# ---- classes


def modules():
    names = [m.name for m in pkgutil.walk_packages(sipakit.__path__, "sipakit.") if not m.name.endswith("__main__")]
    for name in ["sipakit", *names]:
        if "torch" in name:
            pytest.importorskip("torch")
        yield importlib.import_module(name)


def test_classes_are_abstract_or_final():
    classes = {
        found
        for module in modules()
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__.startswith("sipakit")
    }
    for one in classes:
        for base in one.__mro__[1:]:
            if base in classes and not issubclass(base, Exception):
                assert inspect.isabstract(base), f"{one} subclasses the concrete {base}"


def test_errors_inherit_a_builtin_beside_the_root():
    from sipakit import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        if inspect.isclass(kind) and kind is not errors.SipakitError:
            assert issubclass(kind, (ValueError, TypeError, RuntimeError, AssertionError, ImportError))
            assert name in errors.__doc__


# ---- sizes


# What is explained and how it is run, all of it by name.
MANY_ARGUMENTS = {"sipakit.study.explain"}


def code_lines(function):
    """Lines of a function without its docstring."""
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1] if documented else function.body[0]
    return function.end_lineno - first.lineno + 1


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_functions_and_signatures_are_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 500
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
            own = {argument.arg for argument in arguments.args[:1]} & {"self", "cls"}
            assert code_lines(node) <= 60, f"{node.name} has {code_lines(node)} lines"
            assert count - len(own) <= 10 or f"{name_of(file)}.{node.name}" in MANY_ARGUMENTS


# ---- names


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_module_has_the_name_of_what_it_exports(file):
    if "__main__" in file.name:
        return
    exported = {
        name
        for node in tree_of(file).body
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]
        for name in ast.literal_eval(node.value)
    }
    if file.name == "__init__.py":
        assert exported, f"{name_of(file)} has no __all__"
        own = {one.name for one in pkgutil.iter_modules([str(file.parent)])}
        clash = exported & own - ({"datasets", "plots"} if file.parent == ROOT else set())  # public as a whole
        assert not clash, f"{name_of(file)} exports {clash}, which are modules of it"
    else:
        assert file.stem not in exported


def test_every_exported_name_exists():
    for module in modules():
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__} has no {name}"


def test_public_names_are_those_listed():
    assert dir(sipakit) == sorted(sipakit.__all__)
    assert len(set(sipakit.__all__)) == len(sipakit.__all__)
    lazy = set(sipakit._ROOM_OF)
    assert lazy | {"__version__", "datasets", "plots"} == set(sipakit.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = sipakit.nothing


# ---- what library code does not do

MAY_WRITE = {"cli", "demo", "__main__"}
PICKLE, FOREIGN = "no pickle is ever read", "it may run foreign code"
MAY_READ = {  # code that runs when it is read
    "sipakit.engine.backends": PICKLE,  # what a run sends to its own workers
    "sipakit.cli.files": FOREIGN,  # a model that the user vouches for
}
LEGACY = {"seed", "rand", "randn", "randint", "shuffle", "permutation", "choice", "normal", "random", "RandomState"}


def forbidden(node):
    """What is wrong with a piece of code, if anything."""
    text = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Call)) else ""
    imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    if isinstance(node, ast.Assert):
        return "assert vanishes under -O"
    if {name.split(".")[0] for name in imported} & {"pickle", "cloudpickle", "dill", "shelve", "yaml", "marshal"}:
        return PICKLE
    if "matplotlib.pyplot" in imported or text == "matplotlib.pyplot":
        return "pyplot has global state"
    if isinstance(node, ast.Attribute) and text.removeprefix("numpy").removeprefix("np") in {
        f".random.{name}" for name in LEGACY
    }:
        return "NumPy's global generator"
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called in {"eval", "exec", "joblib.load", "torch.load"} or keywords.get("allow_pickle") == "True":
            return FOREIGN
    return None


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_library_code_keeps_quiet_and_runs_nothing_foreign(file):
    for node in ast.walk(tree_of(file)):
        wrong = forbidden(node)
        if wrong and MAY_READ.get(name_of(file)) == wrong:
            continue
        assert not wrong, f"{name_of(file)}:{node.lineno} {ast.unparse(node)[:60]}: {wrong}"
        if room_of(file) in MAY_WRITE or name_of(file) == "sipakit.engine.progress":
            continue
        text = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
        assert text not in {"print", "sys.stdout", "sys.stderr"}, f"{name_of(file)}:{node.lineno} writes"


# ---- what importing brings


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT.parent,
    )


OPTIONAL = {"torch", "lightgbm", "xgboost", "catboost", "shap", "lime", "polars", "pyarrow", "numba"}
HEAVY = ("torch", "shap", "lime", "numba", "matplotlib.pyplot", "lightgbm", "xgboost", "polars", "pyarrow", "skops")


def test_importing_everything_public_loads_nothing_heavy():
    code = f"""
import sys, pandas, sklearn  # pandas may load pyarrow by itself
before = set(sys.modules)
import sipakit
assert not any(name.startswith("sipakit.explainers") for name in sys.modules), "names are loaded when first used"
for name in sipakit.__all__:
    getattr(sipakit, name)
print([name for name in {HEAVY!r} if name in set(sys.modules) - before])
"""
    done = run(code)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_explaining_loads_no_plots():
    code = """
import sys, numpy as np, sipakit as sp
X = np.random.default_rng(0).normal(size=(30, 2))
study = sp.explain(lambda X: X[:, 0], X, methods=["ale"])
print("matplotlib" in sys.modules)
"""
    done = run(code)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_the_core_runs_without_any_optional_package():
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import numpy as np, sipakit as sp
X = np.random.default_rng(0).normal(size=(30, 3))
f, y = (lambda X: X[:, 0] * X[:, 1]), X[:, 0]
made = [
    sp.ALE(), sp.ICE(), sp.PartialDependence(), sp.HStatistic(n_draws=10), sp.GlobalSurrogate(), sp.Shapley(),
    sp.PermutationImportance(), sp.CeterisParibus(background=X), sp.LIME(background=X, n_samples=64),
]
print([len(e.explain(f, X, y).frame()) > 0 for e in made].count(True))
try:
    sp.IntegratedGradients(background=X).explain(f, X)
except sp.CapabilityError as error:
    print(type(error).__name__)
"""
    done = run(code)
    assert (done.stdout.split(), done.stderr) == (["9", "CapabilityError"], "")
