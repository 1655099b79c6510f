"""What the documentation shows is run: code blocks of the pages and examples of the docstrings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import sipakit
from sipakit.caveats import CODES
from sipakit.plots import Display

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MARKDOWN = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
WRITTEN = [*sorted(DOCS.glob("*.rst")), *sorted((DOCS / "methods").glob("*.rst"))]
PAGES = [*MARKDOWN, *WRITTEN]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NEEDS = {
    "sipakit.adapters.torch": "torch",
    "sipakit.explainers.integrated_gradients": "torch",
    "sipakit.exact.leaves": "numba",
    "sipakit.exact.walk": "numba",
    "sipakit.exchange": "shap",
    "sipakit.frames.batches": "pyarrow",
    "sipakit.frames.opening": "pyarrow",
    "sipakit.frames.origin": "pyarrow",
    "sipakit.frames.resolve": "pyarrow",
}
EXPLAINERS = importlib.import_module("sipakit.explainers").__all__


def _blocks(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    indented = r"^\.\. (?:code-block:: python|shown::)\n((?:\n|   .*\n)+)"
    return [textwrap.dedent(block) for block in re.findall(indented, text, flags=re.MULTILINE)]


def _run(block: str, where: str, names: dict[str, object]) -> object:
    """Run a block of our own pages; return the value of its last line if that is an expression."""
    tree = ast.parse(block)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)  # noqa: S102 - our own pages
    value = eval(compile(last, where, "eval"), names) if last else None  # noqa: S307 - the same
    repr(value)
    return value


def _directives(monkeypatch, name):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return importlib.import_module(name)


def _modules() -> list[str]:
    every = pkgutil.walk_packages(sipakit.__path__, "sipakit.")
    return [module.name for module in every if "__main__" not in module.name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    if any("import torch" in block for block in _blocks(page)):
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page")  # a module of its own: dataclasses look theirs up by name
    monkeypatch.setitem(sys.modules, "page", module)
    for block in _blocks(page):
        value = _run(block, str(page), vars(module))
        if isinstance(value, Display):  # as docs/_ext/shown.py does
            value.save("shown.png", dpi=110)
            assert value.title
            assert value.description


@pytest.mark.parametrize("name", _modules())
def test_the_examples_of_a_module_give_what_they_say(name):
    if name in NEEDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a package says when it is imported is not ours
            pytest.importorskip(NEEDS[name])
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_names_in_backticks_are_public(page):
    for name in re.findall(r"(?<![`:\w])`([A-Za-z][\w.]*)`(?!`)", page.read_text(encoding="utf-8")):
        thing = sipakit
        for part in name.removeprefix("sipakit.").split("."):
            thing = getattr(thing, part)


def test_the_architecture_page_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [p.name for p in Path(sipakit.__path__[0]).iterdir() if p.is_dir() and (p / "__init__.py").exists()]
    assert not [room for room in rooms if f"`{room}/`" not in page]


def test_the_readme_tells_the_question_of_every_method():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in EXPLAINERS if f"`{name}`" not in readme]


def test_the_table_of_the_idea_has_every_method(monkeypatch):
    page_of = _directives(monkeypatch, "listed").page_of
    table = (DOCS / "idea.md").read_text(encoding="utf-8").lower().partition("| method |")[2].replace("-", " ")
    assert [name for name in EXPLAINERS if page_of(name).replace("-", " ").removesuffix("istic") not in table] == []


# ---- figures that pages state


def _measured(case):
    return json.loads((ROOT / "benchmarks" / "results" / f"{case}.json").read_text(encoding="utf-8"))["rows"]


def _covered(*cases, by="sipakit"):
    """The least and the most coverage of some cases, as pages state them."""
    rows = [row for row in _measured("coverage") if row["by"] == by and row["case"].startswith(cases)]
    assert rows
    least, most = min(row["least"] for row in rows), max(row["most"] for row in rows)
    return f"{100 * least:.0f} to {100 * most:.0f} %"


def _off(kind):
    """Errors of H for the strongest pairs at 24,964 rows, or at 250,000 of hstats' design."""
    found = [row[f"{kind} rmse"] for row in _measured("h_error") if row["our rows"] < row["their rows"]]
    return f"{100 * min(found):.0f} to {100 * max(found):.0f} %"


def _predictions(answer):
    [row] = [row for row in _measured("trees") if row["answer"] == answer and "LightGBM" in row["model"]]
    return f"{row['least']:.0f} to {row['most']:.0f} predictions"


FIGURES = {
    "permutation-importance": lambda: f"holds the truth in {_covered('importance of', by='scikit-learn')}",
    "lofo": lambda: f"hold the truth in {_covered('LOFO')}",
    "sage": lambda: f"hold the truth in {_covered('SAGE')}",
    "regional-effects": lambda: f"hold the truth in {_covered('regional effects')}",
    "ale": lambda: f"hold the truth in {_covered('ALE of a pair')}",
    "shapley": lambda: f"nominal 95 % hold {_covered('Shapley values, fewer draws')}",
    "h-statistic": lambda: (
        f"are {_off('our')} off with 24,964 rows a function (root mean square), and {_off('their')} by",
        f"as long as {_predictions('H of 66 pairs')} of the table",
    ),
}


@pytest.mark.parametrize("page", FIGURES)
def test_a_page_states_what_was_measured(page):
    text = " ".join((DOCS / "methods" / f"{page}.rst").read_text(encoding="utf-8").split())
    stated = FIGURES[page]()
    assert [part for part in ((stated,) if isinstance(stated, str) else stated) if part not in text] == []


# ---- the pages that Sphinx builds


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_of_the_gallery_runs_and_writes_nothing(path, tmp_path, monkeypatch, capsys):
    if "import torch" in path.read_text(encoding="utf-8"):
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    module = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))  # noqa: S102 - our own example
    assert not list(tmp_path.iterdir())
    for display in [value for value in vars(module).values() if isinstance(value, Display)]:
        display.save(tmp_path / "shown.png", dpi=110)  # as docs/_ext/scraper.py does


PARTS = ["Estimand", "Estimator", "Error and what it covers", "Cost", "Traps", "Example", "References"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_five_lines_lead_from_an_own_pipeline_to_a_picture(library, tmp_path, monkeypatch, capsys):
    frames = pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    made, lines = _blocks(DOCS / "getting-started.rst")[:2]
    assert len([line for line in lines.splitlines() if line]) <= 5
    names = {}
    exec(made, names)  # noqa: S102 - our own page
    flats, rent = names["flats"], names["rent"]
    if library != "pandas":
        cells = flats.astype(object).where(flats.notna(), None).to_dict("list")
        flats, rent = frames.DataFrame(cells), rent.to_numpy()
    names |= {"flats": flats, "rent": rent, "pipeline": names["pipeline"].fit(flats, rent)}
    exec(lines, names)  # noqa: S102 - our own page
    assert names["importance"].top(2)["feature"].tolist() == ["rooms", "city"]
    assert "rooms" in capsys.readouterr().out
    names["importance"].plot().save("importance.svg")
    assert "city" in (tmp_path / "importance.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXPLAINERS)
def test_every_method_has_a_page_with_its_parts(name):
    told = {page: page.read_text(encoding="utf-8") for page in (DOCS / "methods").glob("*.rst")}
    own = [text for text in told.values() if f".. about-method:: {name}\n" in text]
    assert len(own) == 1
    assert re.findall(r"^(.+)\n-+$", own[0], flags=re.MULTILINE) == PARTS
    assert f".. references-of:: {name}\n" in own[0]
    assert ".. shown::" in own[0]
    assert "sp." + name in own[0]
    page = next(page for page, text in told.items() if text is own[0])
    assert f"   {page.stem}\n" in (DOCS / "methods" / "index.rst").read_text(encoding="utf-8")


def test_the_chooser_names_every_explainer_once_and_links_its_page(monkeypatch):
    listed = _directives(monkeypatch, "listed")
    text = "\n".join(listed.Chooser.lines(None))
    for name in EXPLAINERS:
        assert text.count(f"`{name} </methods/") == 1
        assert (DOCS / "methods" / f"{listed.page_of(name)}.rst").exists()
        assert getattr(sipakit, name).question in text
    assert "other things" not in text, "say in docs/_ext/listed.py what the new method is about"


def test_every_code_of_a_caveat_has_its_cause_and_its_cure():
    told = (DOCS / "caveats.rst").read_text(encoding="utf-8").partition("All codes\n")[2]
    entry = r"^\.\. caveat:: (SIPA\d{3})\n\n   :Cause: (\S.*?)\n   :Cure: (\S.*?)(?:\n\n|\n?\Z)"
    found = re.findall(entry, told, flags=re.MULTILINE | re.DOTALL)
    assert [code for code, *_ in found] == list(CODES)
    assert [code for code, *parts in found if not all(part.rstrip().endswith(".") for part in parts)] == []


def test_a_code_that_is_mentioned_is_one():
    said = [*PAGES, *EXAMPLES, *sorted((ROOT / "sipakit").rglob("*.py"))]
    unknown = {
        path.name: set(re.findall(r"\bSIPA\d+\b", path.read_text(encoding="utf-8"))) - set(CODES) for path in said
    }
    assert {name: codes for name, codes in unknown.items() if codes} == {}


def test_the_reader_of_markdown_gives_what_its_example_says(monkeypatch):
    results = doctest.testmod(_directives(monkeypatch, "markdown"))
    assert (results.failed, results.attempted) == (0, 1)


def test_code_in_emphasis_ends_the_emphasis_since_nothing_can_be_nested(monkeypatch):
    text = _directives(monkeypatch, "markdown").to_rst("*row `base`, but `take` comes from row `donor`*, `a * b * c`")
    assert text == r"*row* ``base``\ *, but* ``take`` *comes from row* ``donor``, ``a * b * c``"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_no_markdown_is_left_when_a_page_was_read(page, monkeypatch):
    text = _directives(monkeypatch, "markdown").to_rst(page.read_text(encoding="utf-8"))
    prose = re.sub(r"^   .*$|``[^`]*``", "", text, flags=re.MULTILINE)
    assert prose.count("\n==") == 1
    assert not re.search(r"^#|^```|^\||\]\(|<!--", prose, flags=re.MULTILINE)


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    for needed in ("sphinx", "pydata_sphinx_theme", "numpydoc", "sphinx_design", "sphinx_gallery"):
        pytest.importorskip(needed)
    made = shutil.ignore_patterns("_build", "_generated", "gallery", "reference", "__pycache__")
    source = shutil.copytree(DOCS, tmp_path / "docs", ignore=made)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    # all pages and examples are run by tests of their own, with warnings as errors; here one of each shows its results
    one = ["-D", "sphinx_gallery_conf.filename_pattern=03_one_row", "-D", "shown_pattern=methods/shapley"]
    build = [sys.executable, "-m", "sphinx", "-W", "-q", *one, source, tmp_path / "pages"]
    done = subprocess.run(build, capture_output=True, text=True, timeout=600, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "pages" / "methods" / "shapley.html").stat().st_size > 10_000
    assert list((tmp_path / "docs" / "gallery" / "images").glob("sphx_glr_03_one_row_*.png"))
    pictures = {path.name for path in (tmp_path / "docs" / "_generated").glob("*.png")}
    assert pictures == {f"methods-shapley-{number}.png" for number in range(1, len(pictures) + 1)}
    assert pictures


# ---- the house template of docstrings


def _public():
    """Everything that the reference lists, by name; what needs an optional package is left out where it is missing."""
    text = (DOCS / "reference.rst").read_text(encoding="utf-8")
    names = re.findall(r"^   ([A-Za-z][\w.]*)$", text, flags=re.MULTILINE)
    return [name for name in names if name != "IntegratedGradients" or find_spec("torch")]


def _object(name):
    room, _, last = name.rpartition(".")
    return getattr(importlib.import_module(f"sipakit.{room}" if room else "sipakit"), last)


def _sections(thing):
    """Lines of a docstring by the section that they stand in; the summary is that of the empty name."""
    lines = inspect.cleandoc(thing.__doc__ or "").splitlines()
    found, current = {"": []}, ""
    for i, line in enumerate(lines):
        ruled = i + 1 < len(lines) and re.fullmatch("-+", lines[i + 1])
        if ruled:
            current = line
            found[current] = []
        elif not re.fullmatch("-+", line):
            found[current].append(line)
    return found


def _described(sections):
    """Names that the section Parameters describes, in its order."""
    heads = [line for line in sections.get("Parameters", []) if line and not line.startswith(" ")]
    return [name.strip(" *") for head in heads for name in re.split(r" ?:|$", head)[0].split(",")]


def _own_parameters(thing):
    """Names of a signature; of a result only those that its base does not have already."""
    if inspect.isclass(thing) and issubclass(thing, sipakit.Explanation):
        return [field for field, kind in vars(thing)["__annotations__"].items() if "ClassVar" not in kind]
    return [name for name in inspect.signature(thing).parameters if name != "self"]


def _raises(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


SECTIONS = ["", "Parameters", "Attributes", "Returns", "Raises", "Notes", "Cost", "References", "Examples"]


@pytest.mark.parametrize("name", _public())
def test_a_public_docstring_follows_the_house_template(name):
    thing = _object(name)
    sections = _sections(thing)
    assert sections[""], "it has a summary line"
    assert sections[""][0].endswith((".", ":"))
    assert list(sections) == sorted(sections, key=SECTIONS.index), "sections stand in the order of the template"
    if inspect.isclass(thing) and issubclass(thing, sipakit.SipakitError):
        return  # errors share the parameters of their root
    assert _described(sections) == _own_parameters(thing)
    abstract = inspect.isabstract(thing)  # what cannot be called has no example
    assert abstract or any(line.startswith(">>>") for line in sections.get("Examples", [])), "it has an example"
    if inspect.isfunction(thing):
        assert "Returns" in sections or inspect.signature(thing).return_annotation in {None, "None"}
        assert "Raises" in sections or not _raises(thing)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_the_docstring_of_an_explainer_tells_what_it_returns_costs_and_cites(name):
    kind = getattr(sipakit, name)
    sections = _sections(kind)
    assert {"Returns", "Cost", "References", "Examples"} <= set(sections)
    cited = " ".join(sections["References"])
    for reference in kind.references:
        key = re.search(r"(doi:\S+|arXiv:\S+)", reference)
        assert (key.group(1) if key else reference.split("(")[0].strip()) in cited
    assert "InputError" in " ".join(sections.get("Raises", [])) or not kind.needs


@pytest.mark.parametrize("name", EXPLAINERS)
def test_every_parameter_of_an_explainer_is_explained_and_not_only_named(name):
    lines = _sections(getattr(sipakit, name))["Parameters"]
    below = zip(lines, [*lines[1:], ""], strict=True)
    assert [line for line, under in below if line and not line.startswith(" ") and not under.startswith("    ")] == []


def _methods(thing):
    """Public methods that a class itself has, as functions by name."""
    found = {title: getattr(method, "__func__", method) for title, method in vars(thing).items()}
    return {t: f for t, f in found.items() if inspect.isfunction(f) and not t.startswith("_")}


def _parameters(function):
    return [name for name in inspect.signature(function).parameters if name not in {"self", "cls"}]


# Steps of the contract are told by `Explainer` and `new-method`, those of a state by `State`: in one sentence each.
STEPS = (sipakit.Explainer, *(_object(f"aggregate.{name}") for name in ("State", "Update")), _object("task.Task"))
READ = [name for name in _public() if inspect.isclass(_object(name)) and not issubclass(_object(name), STEPS)]
READ = [name for name in READ if not name.startswith("intervene.")]


@pytest.mark.parametrize("name", READ)
def test_every_parameter_of_a_method_of_a_result_is_told(name):
    for title, function in _methods(_object(name)).items():
        line = [getattr(base, title, None) for base in inspect.getmro(_object(name))]
        told = [_sections(one) for one in line if one is not None]
        elsewhere = any("are those of `" in text for text in _sections(function)[""])
        assert elsewhere or any(_described(sections) == _parameters(function) for sections in told), title


def _classes():
    """Public classes of the package, by name."""
    modules = [importlib.import_module(name) for name in _modules() if name not in NEEDS]
    members = [getattr(module, name) for module in modules for name in getattr(module, "__all__", ())]
    return {one.__name__ for one in members if inspect.isclass(one) and one.__module__.startswith("sipakit")}


def test_the_reference_lists_what_its_functions_and_results_return():
    listed = {name.rpartition(".")[2] for name in _public()}
    things = [_object(name) for name in _public()]
    functions = [thing for thing in things if inspect.isfunction(thing)]
    functions += [function for name in READ for function in _methods(_object(name)).values()]
    functions += [getattr(sipakit.Explainer, name) for name in ("explain", "plan", "prepare")]
    returned = {word for f in functions for word in re.findall(r"\w+", str(inspect.signature(f).return_annotation))}
    assert sorted(returned & _classes() - listed - {"Adapter"}) == []  # which is only handed on


@pytest.mark.parametrize("name", [name for name in _public() if inspect.isclass(_object(name))])
def test_a_public_method_describes_its_parameters_in_order_or_not_at_all(name):
    for title, method in vars(_object(name)).items():
        function = getattr(method, "__func__", method)
        if title.startswith("_") or not inspect.isfunction(function):
            continue
        sections = _sections(function)
        assert sections[""], f"{title} has a summary"
        parameters = [one for one in inspect.signature(function).parameters if one not in {"self", "cls"}]
        assert _described(sections) in ([], parameters), title


def test_the_reference_lists_every_public_name():
    listed = _public()
    left = {"__version__", "datasets", "plots", "IntegratedGradients"}
    assert not [name for name in sipakit.__all__ if name not in listed and name not in left]
