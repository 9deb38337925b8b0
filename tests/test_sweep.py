"""Sweeps: the same numbers whoever computes them, and nothing lost when somebody dies."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from fresh import printed

from pi_reader.cli import sweep as command
from pi_reader.cli.main import main
from pi_reader.errors import BadData, NoHardware, PiReaderError, UsageError
from pi_reader.handwriting.patches import draw_patches
from pi_reader.network import store
from pi_reader.training import sweep
from pi_reader.training.sweep import Material, Outcome, Trial

ROOT = Path(__file__).resolve().parents[1]
TRIALS = sweep.curves([0.05, 0.3], [4], [10.0], epochs=2, seeds=2, base=Trial(hidden=8))
# A sweep by the command that is long enough to be killed while it is at it.
LONG = [
    "sweep",
    "--drawn",
    "--hidden",
    "5,10,15,20,25,30,35,40",
    "--seeds",
    "2",
    "--limit",
    "300",
    "--epochs",
    "12",
]


def material(n: int = 120, seed: int = 1) -> Material:
    labels = np.arange(n) % 10
    patches = draw_patches(labels, np.random.default_rng(seed))
    return Material(patches[:-40], labels[:-40], patches[-40:], labels[-40:])


@pytest.fixture(scope="module")
def alone() -> list[Outcome]:
    """What one process makes of the trials."""
    return sweep.sweep(TRIALS, material(), jobs=1)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of results of the long sweep, when nobody disturbs it."""
    folder = tmp_path_factory.mktemp("unbroken")
    assert start(folder, "--jobs", "1").wait() == 0
    return (folder / "sweep.json").read_bytes()


@pytest.fixture
def quiet_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "pi_reader", *LONG, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder)},
    )


def noted(path: Path) -> dict[str, list[float]]:
    if not path.exists():
        return {}
    return {
        json.dumps(each["trial"]): each["scores"]
        for each in json.loads(path.read_text())["outcomes"]
    }


def wait_for(condition: object, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)


def test_ok__one_setting_is_changed_at_a_time() -> None:
    assert len(TRIALS) == 2 * 5 and len(set(TRIALS)) == 10
    base = Trial(hidden=8, epochs=2)
    for trial in TRIALS:
        assert (
            sum((trial.hidden != base.hidden, trial.rate != base.rate, trial.turned != base.turned))
            <= 1
        )
    assert sweep.curves([0.1], [200], [0.0], 5, 1) == [Trial()]


def test_ok__a_trial_is_repeatable_and_learns() -> None:
    taught, trial = material(400), Trial(hidden=30, rate=0.2, epochs=4)
    first, network = sweep.try_out(trial, taught)
    again, _ = sweep.try_out(trial, taught)
    assert first == again and len(first.scores) == 4
    assert first.score > 0.3 and first.scores[0] < first.score  # guessing gets 0.1
    assert sweep.share_right(network, taught.held, taught.held_labels) == first.score
    assert sweep.try_out(Trial(30, 0.2, 4, seed=1), taught)[0] != first


def test_ok__spread_and_best_by_hand() -> None:
    outcomes = [
        Outcome(Trial(epochs=2, seed=0), (0.5, 0.7)),
        Outcome(Trial(epochs=2, seed=1), (0.6, 0.8)),
        Outcome(Trial(rate=0.3, epochs=2, seed=0), (0.1, 0.9)),
        Outcome(Trial(hidden=10, epochs=2, seed=0), (0.2, 0.4)),
    ]
    assert sweep.spread(outcomes, "rate") == {0.1: [0.7, 0.8], 0.3: [0.9]}
    assert sweep.spread(outcomes, "hidden") == {10: [0.4], 200: [0.7, 0.8]}
    assert sweep.spread(outcomes, "epochs") == {1: [0.5, 0.6], 2: [0.7, 0.8]}
    assert sweep.best(outcomes).trial.rate == 0.3


@pytest.mark.parametrize("jobs", [2, 3])
def test_ok__the_same_numbers_from_several_processes(jobs: int, alone: list[Outcome]) -> None:
    pytest.importorskip("joblib")
    assert sweep.sweep(TRIALS, material(), jobs=jobs) == alone


def test_ok__the_same_numbers_from_a_cluster(alone: list[Outcome], tmp_path: Path) -> None:
    """A local Dask cluster of two worker processes, as somebody with two machines has."""
    pytest.importorskip("joblib")
    pytest.importorskip("distributed")
    code = """if __name__ == "__main__":
    import sys
    from distributed import LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""
    (tmp_path / "cluster.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, "cluster.py"],
        cwd=tmp_path,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as cluster:
        assert cluster.stdout and cluster.stdin
        address = cluster.stdout.readline().strip()
        ours = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
import test_sweep
from pi_reader.training import sweep
for outcome in sweep.sweep(test_sweep.TRIALS, test_sweep.material(), cluster={address!r}):
    print(*outcome.scores)
"""
        done = subprocess.run(
            [sys.executable, "-c", ours], capture_output=True, text=True, check=True
        )
        cluster.stdin.close()
    scores = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    assert scores == [outcome.scores for outcome in alone]


def test_fail__no_cluster_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("joblib")
    pytest.importorskip("distributed")
    code = (
        "from pi_reader.training import sweep\nsweep._WAIT = 1\n"
        "import sys; sys.path.insert(0, 'tests'); import test_sweep\n"
        "from pi_reader.errors import NoHardware\n"
        "try:\n    sweep.sweep(test_sweep.TRIALS, test_sweep.material(), "
        "cluster='tcp://127.0.0.1:9')\nexcept NoHardware as error:\n    print(error)"
    )
    assert "no Dask scheduler answers there" in printed(code)
    assert NoHardware.exit_code == 69


def test_ok__a_sweep_goes_on_where_it_was(tmp_path: Path, alone: list[Outcome]) -> None:
    path, told = tmp_path / "sweep.json", []
    sweep.sweep(TRIALS[:4], material(), path, jobs=1)
    assert sweep.sweep(TRIALS, material(), path, 1, shown=told.append) == alone
    assert {outcome.trial for outcome in told} == set(TRIALS[4:])
    before = path.read_bytes()
    told.clear()
    assert sweep.sweep(TRIALS, material(), path, 1, shown=told.append) == alone
    assert not told and path.read_bytes() == before
    assert sweep.sweep(TRIALS[2:3], material(), path, 1) == alone[2:3]


def test_ok__each_outcome_is_on_the_disk_before_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"

    def stop(outcome: Outcome) -> None:
        assert outcome.trial in sweep.read(path, material())
        raise KeyboardInterrupt

    for count in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            sweep.sweep(TRIALS, material(), path, 1, shown=stop)
        assert len(sweep.read(path, material())) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 9, "digits": "", "outcomes": []}',
        '{"format": 1, "digits": "", "outcomes": [{"trial": {"hidden": 1}, "scores": []}]}',
        '{"format": 1, "digits": "", "outcomes": [{"trial": {"depth": 1}, "scores": [0.5]}]}',
        '{"format": 1, "digits": "", "outcomes": [{"trial": {"epochs": 1}, "scores": [7]}]}',
        '{"format": 1, "digits": "", "outcomes": [{"trial": {"epochs": 1}, "scores": [NaN]}]}',
    ],
)
def test_fail__a_damaged_file_of_results(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sweep.json"
    path.write_text(text)
    with pytest.raises(BadData, match=r"sweep\.json"):
        sweep.sweep(TRIALS, material(), path, 1)
    assert path.read_text() == text


def test_fail__results_for_other_digits(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    sweep.sweep(TRIALS[:1], material(), path, 1)
    with pytest.raises(BadData, match="other digits"):
        sweep.sweep(TRIALS[:1], material(seed=2), path, 1)


def test_ok__workers_that_die_are_replaced(
    monkeypatch: pytest.MonkeyPatch, alone: list[Outcome]
) -> None:
    """The pool breaks after each two results, and once before the first."""
    started = []

    def fragile(trials: list[Trial], *_: object) -> Iterator[Outcome]:
        started.append(len(trials))
        if len(started) == 1:
            raise BrokenProcessPool
        known = {outcome.trial: outcome for outcome in alone}
        yield from (known[trial] for trial in trials[:2])
        if len(trials) > 2:
            raise BrokenProcessPool

    monkeypatch.setattr(sweep, "_outcomes", fragile)
    assert sweep.sweep(TRIALS, material()) == alone
    assert started == [10, 10, 8, 6, 4, 2]


def test_fail__workers_that_die_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*_: object) -> Iterator[Outcome]:
        raise BrokenProcessPool

    monkeypatch.setattr(sweep, "_outcomes", dead)
    with pytest.raises(PiReaderError, match="3 times in a row"):
        sweep.sweep(TRIALS, material())


def test_ok__a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, unbroken: bytes
) -> None:
    path = tmp_path / "sweep.json"
    process = start(tmp_path, "--jobs", "1")
    wait_for(lambda: len(noted(path)) >= 2, process)
    process.kill()
    process.wait()
    before = noted(path)
    assert 2 <= len(before) < 18
    assert start(tmp_path, "--jobs", "1").wait() == 0
    assert path.read_bytes() == unbroken
    assert len(noted(path)) == 18 and before.items() <= noted(path).items()


def test_ok__a_killed_worker_is_replaced(tmp_path: Path, unbroken: bytes) -> None:
    pytest.importorskip("joblib")
    path = tmp_path / "sweep.json"
    process = start(tmp_path, "--jobs", "2")
    wait_for(lambda: len(noted(path)) >= 2, process)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    assert process.wait() == 0
    assert path.read_bytes() == unbroken


def workers_of(pid: int) -> list[int]:
    """Processes that joblib started for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"popen_loky_posix" in words:
            found.append(int(entry.name))
    return found


@pytest.mark.usefixtures("quiet_here")
def test_ok__the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "sweep",
        "--drawn",
        "--rates",
        "0.2,0.3",
        "--hidden",
        "5",
        "--limit",
        "100",
        "--epochs",
        "1",
        "--seeds",
        "1",
        "--jobs",
        "1",
        "--keep",
        "best.npz",
        "--pictures",
        "made",
    ]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "Right, by learning rate" in printed.out and "Right, by hidden nodes" in printed.out
    assert "no say in choosing it" in printed.out and "4 networks" in printed.err
    _, card = store.load(tmp_path / "best.npz")
    assert card.recipe == "sweep" and card.accuracy and card.accuracy > 0.15
    assert {path.stem for path in (tmp_path / "made").iterdir()} == {"sweep-rate", "sweep-hidden"}
    assert main(arguments) == 0
    assert capsys.readouterr().out == printed.out


@pytest.mark.usefixtures("quiet_here")
def test_fail__interrupted_it_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(trial: Trial, taught: Material) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "try_out", interrupt)
    assert main(["sweep", "--drawn", "--limit", "50", "--jobs", "1"]) == 130
    assert "sweep.json holds what is finished" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rates", "fast"],
        ["--rates", "0"],
        ["--hidden", "1.5"],
        ["--hidden", ""],
        ["--angles", "200"],
        ["--mnist", "a", "--drawn"],
    ],
)
def test_fail__the_command_is_asked_for_nonsense(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["sweep", *arguments])
    assert stop.value.code == 2


@pytest.mark.parametrize(
    "arguments", [["--epochs", "0"], ["--seeds", "0"], ["--limit", "-1"], ["--jobs", "0"]]
)
def test_fail__out_of_range(arguments: list[str]) -> None:
    assert main(["sweep", *arguments]) == 2


def test_fail__many_processes_without_joblib(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(UsageError, match="pip install joblib"):
        sweep.sweep(TRIALS, material(), jobs=2)
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    assert command._jobs(argparse.Namespace(jobs=None, cluster="")) == 1
    assert "joblib is not installed" in capsys.readouterr().err
