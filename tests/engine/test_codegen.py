"""Generated kernels: awkward equations, the cache folder, threads and processes."""

import json
import shutil
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from engine_expressions import TABLE
from engine_models import advance, single_nodes

from skneuro.engine import (
    Equations,
    _backend,
    _codegen,
    absolute,
    exp,
    maximum,
    minimum,
    sin,
    where,
)
from skneuro.engine._codegen import kernel_cache, make_kernel
from skneuro.engine._jobs import Job, SimulationState, Tap


@pytest.fixture
def kernel_folder(tmp_path, monkeypatch):
    """Empty folder for generated code."""
    monkeypatch.setenv("SKNEURO_CACHE", str(tmp_path))
    return tmp_path / "kernels"


def generated(folder):
    """Files of generated code, without what numba adds."""
    return sorted(p for p in folder.iterdir() if p.suffix == ".py")


def run_nodes(equations, start, parameters, n_steps=1, **options):
    """Series of every variable of uncoupled nodes, shape (n_variables, n, n_steps)."""
    start = np.asarray(start, dtype=float)
    n = start.shape[-1]
    values = dict(zip(equations.variables, np.atleast_2d(start), strict=True))
    past = [{name: np.zeros((n, 1)) for name in equations.sources}]
    job = Job([{"dt": 0.5, **parameters}], SimulationState(0, [values], [{}], past))
    taps = [Tap(0, name) for name in equations.variables]
    return np.array(
        advance(single_nodes(equations, n), job, n_steps, taps=taps, **options)[0]
    )


NODES = np.linspace(-1.7, 2.1, 11)  # more than one vector, none of them full


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_outputs_may_be_parameters_constants_and_comparisons(method, dtype):
    def awkward(x, net, drive, noise, p):
        return {
            "v": 0.0 * x.v,
            "w": p.a,
            "rising": x.v > p.a,
            "constant": 3,
            "parameter": p.a * p.b,
            "copy": x.v,
            "known": where(p.a == 1.0, 10.0, 20.0),
        }

    equations = Equations(
        "Awkward",
        awkward,
        states=("v", "w"),
        algebraic=("rising", "constant", "parameter", "copy", "known"),
        parameters=("a", "b"),
    )
    a = np.where(NODES > 1, 1.0, -0.5)
    start = np.zeros((7, len(NODES)))
    start[0] = NODES
    got = run_nodes(
        equations, start, {"a": a, "b": 4.0}, n_steps=2, method=method, dtype=dtype
    )
    expected = [NODES, a, NODES > a, 3.0, 4.0 * a, NODES, np.where(a == 1, 10, 20)]
    for row, value in zip(got, expected, strict=True):
        np.testing.assert_array_equal(row[:, 1], np.full(len(NODES), value, dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_operation_compiles(dtype):
    def everything(x, net, drive, noise, p):
        v = x.v
        low, high = TABLE(v, p.a * v)
        values = {
            "selected": where(p.flag, v, -v) + where(v < p.a, 1.0, v),
            "chained": where(
                v >= 0.0, where(v <= 1.0, 1.0, 2.0), where(v > -1, 3.0, v)
            ),
            "equal": where(v == p.target, 5.0, 6.0) + 10.0 * (v != p.target),
            "extremes": maximum(v, p.a) + minimum(p.a, v) + maximum(v * v, v),
            "bounds": minimum(maximum(v, -1.0), 1.0) + absolute(v - p.a),
            "lookup": low - 2.0 * high,
            "powers": v**3 - v**-2 + (v * v) ** 0.5 + (1.0 + v * v) ** p.a,
            "fused": p.a * v - v * v - (v - 2.0) * (v + p.a) + 0.25 / p.a,
            "signs": -(v * p.a) - (-2.0) * v / -p.a,
        }
        return {"v": sin(v) - exp(-v), **values}

    names = "selected chained equal extremes bounds lookup powers fused signs".split()
    equations = Equations(
        "Everything",
        everything,
        states=("v",),
        algebraic=tuple(names),
        parameters=("a", "flag", "target"),
    )
    start = np.zeros((len(names) + 1, len(NODES)))
    start[0] = NODES.astype(dtype)
    parameters = {
        "a": np.linspace(0.3, 1.4, len(NODES)).astype(dtype).astype(float),
        "flag": np.arange(len(NODES)) % 3 - 1.0,
        "target": start[0, 3],
    }
    got = run_nodes(equations, start, parameters, dtype=dtype)[..., 0]
    x, p = type("x", (), {"v": start[0]}), type("p", (), parameters)
    expected = everything(x, None, None, None, p)
    expected["v"] = start[0] + 0.5 * expected["v"]
    for name, row in zip(equations.variables, got, strict=True):
        tolerance = 1e-14 if dtype == "float64" else 3e-6
        np.testing.assert_allclose(
            row, expected[name], rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_factors_of_exponents_take_the_change_of_base():
    def decay(x, net, drive, noise, p):
        return {"v": exp(-(x.v + 1.0) / p.tau) + exp(x.v) + exp(x.v * x.v)}

    kernel = make_kernel(Equations("Decay", decay, ("v",), parameters=("tau",)))
    lines = "\n".join(kernel.stages[0])
    assert lines.count("exp2(") == 1
    assert lines.count("exp(") == 2
    hoisted = kernel.hoist({"tau": 4.0, "dt": 0.5})
    assert any(
        np.allclose(value, -np.log2(np.e) / 4.0, rtol=1e-15) for value in hoisted
    )


def test_two_tables_in_two_stages_keep_apart():
    def lookups(x, net, drive, noise, p):
        return {
            "v": TABLE(x.v, 0.1)[1] - OTHER(0.2, x.v)[0],
            "w": OTHER(x.v, p.a)[0] + TABLE(p.a, x.v)[0],
        }

    from skneuro.engine import Table

    OTHER = Table(np.random.default_rng(2).normal(size=(2, 3, 1)), (0, 0.5), (0, 1.0))
    equations = Equations(
        "Lookups", lookups, states=("v",), algebraic=("w",), parameters=("a",)
    )
    start = np.stack([NODES, 0 * NODES])
    got = run_nodes(equations, start, {"a": 0.4}, method="heun")[..., 0]
    x, p = type("x", (), {"v": NODES}), type("p", (), {"a": 0.4})
    first = lookups(x, None, None, None, p)
    x.v = NODES + 0.5 * first["v"]
    second = lookups(x, None, None, None, p)
    np.testing.assert_allclose(got[0], NODES + 0.25 * (first["v"] + second["v"]))
    np.testing.assert_allclose(got[1], first["w"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tables_of_many_columns(dtype):
    from skneuro.engine import Table

    values = np.random.default_rng(3).normal(size=(5, 4, 9))
    wide = Table(values, x=(-1.0, 0.7), y=(-2.0, 1.1))

    def lookups(x, net, drive, noise, p):
        columns = wide(x.v, 0.5 * x.v)
        return {"v": 0.0 * x.v, **{f"c{i}": c for i, c in enumerate(columns)}}

    names = tuple(f"c{i}" for i in range(9))
    equations = Equations("Wide", lookups, states=("v",), algebraic=names)
    start = np.stack([NODES, *[0 * NODES] * 9]).astype(dtype).astype(float)
    got = run_nodes(equations, start, {}, dtype=dtype)[..., 0]
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    expected = wide(start[0], 0.5 * start[0])
    np.testing.assert_allclose(got[1:], expected, atol=tolerance)


@pytest.mark.parametrize("name", ["Größe / ../µ", "x" * 300, "", "1 two\n3", "a'b\"c"])
def test_names_with_odd_characters_make_files(name, kernel_folder):
    state = "v-1 [µV]"
    equations = Equations(
        name,
        lambda x, net, drive, noise, p: {state: -getattr(x, state) * getattr(p, "τ⁻¹")},
        states=(state,),
        parameters=("τ⁻¹",),
    )
    got = run_nodes(equations, [[2.0]], {"τ⁻¹": 0.5})
    np.testing.assert_allclose(got, 1.5)
    assert len(generated(kernel_folder)) <= 1  # the body may be known from before


def make_decay(rate):
    """Return a model that is defined inside a function and closes over a number."""

    def decay(x, net, drive, noise, p):
        return {"v": -where(x.v > rate, rate, x.v)}

    return Equations("Decay", decay, states=("v",))


def test_models_made_by_a_function_do_not_share_kernels():
    for rate in (0.25, 0.75):
        got = run_nodes(make_decay(rate), [[1.0]], {})
        np.testing.assert_allclose(got, 1 - 0.5 * rate)


def compile_all(equations, by_unit=False):
    kernel = make_kernel(equations)
    return kernel.addresses((by_unit,) * len(kernel.hoisted))


def test_values_that_differ_by_unit_have_code_of_their_own(kernel_folder):
    equations = make_decay(0.2468)
    assert make_kernel(equations).hoisted
    addresses = {compile_all(equations), compile_all(equations, by_unit=True)}
    assert len(addresses) == len(generated(kernel_folder)) == 2
    assert compile_all(equations) in addresses


def test_equal_equations_share_their_generated_code(kernel_folder):
    compile_all(make_decay(0.123))
    written = generated(kernel_folder)
    assert len(written) == 1
    compile_all(make_decay(0.123))
    assert generated(kernel_folder) == written


def forget(folder):
    """Forget the modules of a cache folder, as a new process would."""
    for path in generated(folder):
        sys.modules.pop(path.stem, None)


def test_damaged_file_is_written_again(kernel_folder):
    compile_all(make_decay(0.456))
    (path,) = generated(kernel_folder)
    content = path.read_bytes()
    for damage in (b"", b"raise RuntimeError", content[:100], b"\xff\xfe\x00"):
        path.write_bytes(damage)
        forget(kernel_folder)
        got = run_nodes(make_decay(0.456), [[1.0]], {})
        np.testing.assert_allclose(got, 1 - 0.5 * 0.456)
        assert path.read_bytes() == content
    assert {p.suffix for p in kernel_folder.iterdir()} <= {".py", ""}


@pytest.mark.parametrize("length", [0, 100])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_damaged_compiled_code_is_made_anew(kernel_folder, caplog, length, suffix):
    decay = {".nbi": 0.567, ".nbc": 0.568}[suffix] + length / 1e6  # each its module
    expected = 1 - 0.5 * decay
    compile_all(make_decay(decay))
    damaged = [p for p in kernel_folder.rglob("*.nb?") if p.suffix == suffix]
    assert damaged
    for path in damaged:
        path.write_bytes(path.read_bytes()[:length])
    for n_warnings in (1, 1):  # the second time it is whole again
        forget(kernel_folder)
        np.testing.assert_allclose(run_nodes(make_decay(decay), [[1.0]], {}), expected)
        assert caplog.text.count("is compiled anew: ") == n_warnings


def test_code_of_another_engine_is_not_used(kernel_folder, monkeypatch):
    compile_all(make_decay(0.789))
    before = generated(kernel_folder)
    monkeypatch.setattr(_codegen, "FINGERPRINT", "another engine")
    compile_all(make_decay(0.789))
    assert len(set(generated(kernel_folder)) - set(before)) == 1


def test_fingerprint_follows_the_sources(tmp_path, monkeypatch):
    for path in Path(_backend.__file__).parent.glob("*.py"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(_backend, "__file__", str(tmp_path / "_backend.py"))
    before = _backend._fingerprint()
    assert _backend.FINGERPRINT.startswith(before)
    assert _backend._fingerprint() == before
    for path in tmp_path.glob("*.py"):
        content = path.read_bytes()
        path.write_bytes(content + b"\n# edited")
        assert _backend._fingerprint() != before, path.name
        path.write_bytes(content)
    monkeypatch.setattr(_backend, "version", lambda package: f"another {package}")
    assert _backend._fingerprint() != before


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """Make the cache folder impossible; returns the system's temporary folder."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKNEURO_CACHE", str(tmp_path / "file"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    _codegen._new_folder.cache_clear()
    yield temporary
    _codegen._new_folder.cache_clear()


def test_cache_that_cannot_be_written_falls_back(no_cache):
    folder = kernel_cache()
    assert folder.parent == no_cache
    assert stat.S_IMODE(folder.stat().st_mode) & 0o022 == 0
    assert kernel_cache() == folder
    np.testing.assert_allclose(
        run_nodes(make_decay(0.321), [[1.0]], {}), 1 - 0.5 * 0.321
    )
    assert len(generated(folder)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="users share it on Unix only")
@pytest.mark.parametrize("kind", ["open to others", "link", "file", "of another user"])
def test_folder_that_others_made_is_not_used(kind, no_cache, monkeypatch):
    folder = claimed = kernel_cache()
    shutil.rmtree(folder)
    if kind == "link":
        (no_cache / "elsewhere").mkdir()
        folder.symlink_to(no_cache / "elsewhere")
    elif kind == "file":
        folder.touch()
    else:
        folder.mkdir(mode=0o700)
    if kind == "open to others":
        folder.chmod(0o777)
    if kind == "of another user":
        owner = folder.stat().st_uid
        claimed = folder.rename(no_cache / f"skneuro-{owner + 1}")
        monkeypatch.setattr("os.getuid", lambda: owner + 1)
    used = kernel_cache()
    assert used.parent == no_cache
    assert used not in (folder, no_cache / "elsewhere", claimed)
    assert stat.S_IMODE(used.stat().st_mode) == 0o700
    assert kernel_cache() == used


def test_threads_may_ask_for_the_same_kernel(kernel_folder):
    models = [make_decay(0.654) for _ in range(4)]
    barrier, results = threading.Barrier(len(models)), []

    def work(equations):
        barrier.wait()
        results.append(compile_all(equations))

    threads = [threading.Thread(target=work, args=(m,)) for m in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(models)
    assert len(set(results)) == 1


PROCESS = """
import json
from skneuro.dynamics import WilsonCowan
series = WilsonCowan(exc_input=0.7, duration=5.0, random_state=0).simulate()
print(json.dumps(series["exc"].values.tolist()))
"""


FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 13, 1 << 13))  # bytes of a file
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_full_disk_costs_no_more_than_the_cache(run_python, tmp_path):
    cache, temporary = tmp_path / "cache", tmp_path / "temporary"
    temporary.mkdir()
    places = {"SKNEURO_CACHE": str(cache), "TMPDIR": str(temporary)}
    out, err = run_python(FULL_DISK + PROCESS, **places)
    assert len(json.loads(out)[0]) == 50
    assert "stage_0 is compiled anew in every process" in err
    assert not generated(cache / "kernels")
    assert list(temporary.rglob("skneuro_kernel_wilsoncowan_*.py"))


READ_ONLY = """
import numba.core.caching

def ensure(self):
    raise OSError("read-only file system")

numba.core.caching._CacheLocator.ensure_cache_path = ensure
from skneuro.engine import _integrate, _lanes
from skneuro.engine._backend import njit_cached

@njit_cached(nogil=True)
def double(x):
    return 2 * x

print(double(21))
"""


def test_read_only_installation_compiles_without_a_cache(run_python):
    out, err = run_python(READ_ONLY, SKNEURO_VECTORS="1")
    assert out.split() == ["42"]
    for name in ("advance", "advance_lanes", "double"):
        assert f"{name} is compiled anew in every process; let NUMBA_CACHE_DIR" in err


def test_processes_may_generate_at_once(run_python, tmp_path):
    environment = {"SKNEURO_CACHE": str(tmp_path / "cache")}
    processes = [run_python.start(PROCESS, **environment) for _ in range(2)]
    ended = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    first, second = (json.loads(out) for out, _ in ended)
    assert first == second
    assert len(generated(tmp_path / "cache" / "kernels")) == 1
