"""An exploration measures what it says, loses no result, repeats none, and ends when it should."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

import snesgpt.explore.trial
from asm.build import build_rom, symbols
from asm.cost.predict import predict
from asm.layout import Layout, plan
from quantize.executor import Executor, loss
from quantize.ranges import ProvedModel, prove
from snesgpt.bench.names_screen import NamesPage
from snesgpt.bench.speed import measure_speed
from snesgpt.cli import run
from snesgpt.commands.explore import _points as chosen_points
from snesgpt.commands.explore import command
from snesgpt.emulator.console import Console
from snesgpt.explore.cluster import Schedule, open_client, run_points
from snesgpt.explore.pareto import characters_per_second, draw, pareto_front
from snesgpt.explore.results import Row, append_row, read_rows
from snesgpt.explore.trial import Text, measure, pack, read_text, run_point, unpack
from snesgpt.explore.trials import Point, forerunner, grid, label, read_points
from snesgpt.selection.kernel_choice import choose
from tests.support.models import digit_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.text.bpe import learn_pairs
from trainer.text.corpus import read_corpus, split
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer

WORDS = [a + b + c for a in "abc" for b in "abd" for c in ("", "a", "cab")]
TINY: dict[str, list[Any]] = {"dimensions": [8], "hidden": [8], "context": [6], "digits": [1.2]}
PNG = b"\x89PNG\r\n\x1a\n"


def tiny(seconds: float = 0.2, **choices: list[Any]) -> list[Point]:
    return grid(TINY | choices, seconds, seed=0)


def table(**sizes: Any) -> str:
    """A [[points]] table of tiny shapes."""
    values = {"dimensions": 8, "hidden": 8, "context": 6, "digits": 1.2, **sizes}
    return "[[points]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Text:
    """A small text, in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("\n".join(WORDS))
    return read_text(Path("words.txt"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A cluster that runs already: two workers, each a process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=":0") as started:
        yield started


def explore(cluster: LocalCluster, *arguments: str, seconds: float = 0.2) -> int:
    """The command on the words, on a cluster that already runs."""
    where = ("--scheduler", cluster.scheduler_address, "--out", "e.jsonl", "--picture", "e.png")
    return run(
        [
            "explore",
            "--data",
            "words.txt",
            *where,
            "--seconds-per-point",
            str(seconds),
            "--no-forerunner",
            *arguments,
        ]
    )


def unlimited(text: Text) -> Schedule:
    return Schedule(None, len(text.characters))


# Points


def test_a_grid_tries_every_shape_before_the_next_digits() -> None:
    points = grid({"dimensions": [16, 32], "layers": [1, 2], "digits": [1.0, 2]}, 60, 3)
    names = [label(point.identity()) for point in points]
    assert names[:4] == ["16×1, 1.0 digits", "16×2, 1.0 digits", "32×1, 1.0 digits", "32×2, 1.0 digits"]
    assert names[4:] == [name.replace("1.0 digits", "2.0 digits") for name in names[:4]]
    assert [point.recipe.n_hidden for point in points[:4]] == [64, 64, 128, 128]
    assert {(point.seconds, point.seed) for point in points} == {(60, 3)}


def test_a_point_with_a_memory_is_trained_like_the_preset_of_its_size() -> None:
    points = grid({"dimensions": [8, 16, 64], "layers": [1, 2], "digits": [1.2], "memory": [False, True]}, 60, 3)
    without, with_memory = ([p for p in points if p.recipe.remembers == which] for which in (False, True))
    assert [p.recipe.name for p in with_memory] == [*["memory-small"] * 2, *["memory"] * 3, "memory-large"]
    assert [label(p.identity()) + ", memory" for p in without] == [label(p.identity()) for p in with_memory]
    for preset, memory, has in (("small", True, "no"), ("memory", False, "a")):
        with pytest.raises(InputError, match=f"preset {preset} has {has} memory"):
            grid({"preset": [preset], "memory": [memory]}, 60, 3)


def test_a_file_of_points_has_a_grid_in_every_table_and_its_points_once(tmp_path: Path) -> None:
    path = tmp_path / "points.toml"
    path.write_text(
        table(layers=[1, 2], seconds=5) + table(layers=2, weight_decay=0.2) + table(layers=1, seconds=5.0)
    )
    points = read_points(path, 60, 0)
    assert [(p.recipe.n_layer, p.seconds, p.recipe.weight_decay) for p in points] == [
        (1, 5, 0.025),
        (2, 5, 0.025),
        (2, 60, 0.2),
    ]
    assert json.loads(json.dumps(points[0].identity())) == points[0].identity()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "points.toml does not exist"),
        ("[[points]", "points.toml: it is not TOML"),
        ("points = 3", "points is 3: it must be a list"),
        ("", "no [[points]] table"),
        (table(seed=[*range(400)], layers=[*range(400)]), "table 1: it has 160,000 points: 100,000 are the most"),
        ("[[points]]\ndimensions = 1" + 400 * "0", "points[0].dimensions is 1000"),
        (table(depth=3), "table 1: a point has no 'depth': it has context, dimensions"),
        (table() + table(layers=1.5), "table 2: n_layer is 1.5: it must be a whole number"),
        (table(layers=[]), "n_layer is an empty list"),
        (table(digits="few"), "digits is 'few': it must be a number"),
        (table(seconds=0), "seconds is 0: it must be a number from 0"),
        (table(preset="typo"), "preset is 'typo': it must be one of 'auto', 'forerunner'"),
        ("[[points]]\ndigits = nan", "it must be a finite number"),
    ],
)
def test_a_wrong_file_of_points_is_one_clear_line(
    text: Text, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    if content is not None:
        Path("points.toml").write_text(content)
    assert run(["explore", "--data", "words.txt", "--points", "points.toml"]) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not Path("build").exists()


def test_points_come_from_a_file_or_from_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "--points", "points.toml", "--layers", "1"]) == 2
    assert "--points and --layers exclude each other" in capsys.readouterr().err
    assert run(["explore", "--points", "points.toml", "--tokens", "99"]) == 2
    assert "--points and --tokens exclude each other" in capsys.readouterr().err
    assert run(["explore", "--layers", "1,x"]) == 2
    assert "--layers" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "with_memory"), [("", 0), ("--preset memory", 2), ("--memory both", 2)])
def test_a_memory_is_the_preset_s_or_the_option_s(options: str, with_memory: int) -> None:
    given = [*options.split(), *["--dimensions", "8,16", "--layers", "1", "--digits", "1", "--no-forerunner"]]
    with command.make_context("explore", given) as context:
        points = chosen_points(context.params)
    assert sum(point.recipe.remembers for point in points) == with_memory


# One point


@pytest.mark.parametrize("kernel", ["auto", "schoolbook"])
def test_a_row_tells_of_the_cartridge_that_would_be_built(kernel: str) -> None:
    weights = digit_weights(ModelConfig(5, 6, 8, 2, 1, 16), fc1=0.3, fc2=0.3, wo=0.3, lm_head=0.3)
    documents = [Tokenizer("abcd").encode(word) for word in ("abc", "dda", "abcabcabc")]
    row, model = measure(weights, kernel, documents), choose(weights, kernel, 4096).model
    assert row["kernel"] == ("digits" if kernel == "auto" else kernel)
    assert row["rom_bytes"] == len(build_rom(model).image)
    assert row["nll_integer"] == loss(Executor(model), documents)
    if prediction := predict(plan(prove(model))):
        assert row["tokens_per_second"] == pytest.approx(prediction.tokens_per_second, rel=1e-4)


@pytest.mark.emulator
def test_the_speed_of_the_forerunners_kernel_is_foreseen_within_a_twentieth() -> None:
    weights = digit_weights(ModelConfig(27, 4, 8, 4, 1, 32))
    model = choose(weights, "schoolbook", 4096).model
    rom = build_rom(model)
    with Console(rom.image, "snes9x") as console:
        speed = measure_speed(NamesPage(console, symbols(rom.debug)), 20)
    row = measure(weights, "schoolbook", [[26, 0, 0, 0, 26]])
    assert row["clocks_per_token"] == pytest.approx(speed.clocks_per_token, rel=0.05)


@pytest.mark.slow
def test_a_point_is_trained_for_its_time_and_measured(text: Text) -> None:
    row = run_point(tiny(0.5)[0], text)
    assert "error" not in row
    assert (row["text"], row["data"], row["point"]) == (text.digest, "words.txt", tiny(0.5)[0].identity())
    assert row["steps"] > 10 and row["took"] >= 0.5
    assert abs(row["nll_integer"] - row["nll_float"]) < 0.02
    assert 0 < row["nll_float"] < 2
    assert run_point(forerunner(0.2, 0), text)["kernel"] == "schoolbook"


def test_a_refused_point_says_why_instead(text: Text) -> None:
    row = run_point(tiny(heads=[3])[0], text)
    assert row["error"] == "n_embd 8 is not divisible by n_head 3" and "nll_integer" not in row
    assert run_point(tiny(learning_rate=[1e30])[0], text)["error"].startswith("the loss diverged")


def test_a_text_survives_the_way_to_a_worker_and_is_known_by_its_documents(text: Text) -> None:
    assert unpack(pack(text)) == text
    Path("other.txt").write_text("\n".join(reversed(WORDS + WORDS)))
    assert read_text(Path("other.txt")).digest == text.digest
    Path("other.txt").write_text("\n".join(WORDS[1:]))
    assert read_text(Path("other.txt")).digest != text.digest


def test_a_cartridge_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[ProvedModel] = []

    def counted(proved: ProvedModel) -> Layout:
        planned.append(proved)
        return plan(proved)

    monkeypatch.setattr("snesgpt.selection.kernel_choice.plan", counted)
    measure(digit_weights(ModelConfig(5, 6, 8, 2, 1, 16), fc1=0.3, fc2=0.3, wo=0.3), "auto", [[4, 0, 1, 4]])
    assert len(planned) == 1
    assert not hasattr(snesgpt.explore.trial, "plan")


# Other texts, and merged tokens


@pytest.mark.slow
def test_points_of_other_tokens_are_measured_by_the_character(text: Text) -> None:
    letters, merged = tiny(0.5, tokens=[0, 9])
    assert "tokens" not in letters.identity() and merged.identity()["tokens"] == 9
    assert label(letters.identity()) + ", 9 tokens" == label(merged.identity()) == "8×1, 1.2 digits, 9 tokens"
    by_letters, by_tokens = run_point(letters, text), run_point(merged, text)
    assert by_letters["characters_per_token"] == 1.0
    assert characters_per_second(by_letters) == by_letters["tokens_per_second"]
    tokenizer = learn_pairs(text.training, text.characters, 9)
    n_tokens = sum(len(tokenizer.encode(word)) - 1 for word in text.held_out)
    n_characters = sum(len(word) + 1 for word in text.held_out)
    assert n_tokens < n_characters
    assert by_tokens["characters_per_token"] == n_characters / n_tokens
    assert characters_per_second(by_tokens) > by_tokens["tokens_per_second"]
    assert run_point(tiny(tokens=[4])[0], text)["error"].startswith("the text has 4 characters: --tokens must be")


def test_the_loss_by_the_character_is_the_token_s_shared_out() -> None:
    weights = digit_weights(ModelConfig(5, 6, 8, 2, 1, 16), fc1=0.3, fc2=0.3, wo=0.3, lm_head=0.3)
    documents = [[4, 0, 1, 4], [4, 3, 3, 2, 0, 0, 1, 2, 2, 4]]
    merged = replace(weights, symbols=("a", "b", "ab", "abab"))
    letters, tokens = measure(weights, "auto", documents), measure(merged, "auto", documents)
    length = (1 + 1 + 1 + 4 + 4 + 2 + 1 + 1 + 1) / 9  # the last three of the second document are beyond the context
    assert tokens["characters_per_token"] == length
    for name in ("nll_float", "nll_integer"):
        assert tokens[name] == letters[name] / length


@pytest.mark.parametrize("documents", ["paragraphs", "stream"])
def test_a_text_is_read_as_training_reads_it(tmp_path: Path, documents: str) -> None:
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join(f"{one.upper()}\n{two}" for one, two in product(WORDS, WORDS)))
    text, corpus = read_text(path, Reading(documents, True)), read_corpus(path, Reading(documents, True))
    assert (list(text.training), list(text.held_out)) == split(corpus.documents)
    assert "\n" in text.characters and not any(map(str.isupper, text.characters))
    row = run_point(tiny(0.3, tokens=[12])[0], unpack(pack(text)))
    assert "error" not in row and row["characters_per_token"] > 1


def test_a_running_text_is_not_the_same_as_its_blocks() -> None:
    lines = Text("t", ("ab", "ba"), ("aa",), "ab")
    assert replace(lines, reading=Reading("stream")).digest != lines.digest
    assert replace(lines, reading=Reading("paragraphs")).digest == lines.digest


# The file


def failed_row(seed: int) -> Row:
    """A line of a point that failed."""
    return {"text": "t", "point": tiny(seed=[seed])[0].identity(), "label": "8×1", "error": "refused"}


def test_a_half_written_line_does_not_count_and_gives_way_to_the_next(tmp_path: Path) -> None:
    path, rows = tmp_path / "new" / "e.jsonl", [failed_row(n) for n in range(3)]
    assert read_rows(path) == []
    for row in rows[:2]:
        append_row(path, row)
    whole = path.read_bytes()
    for cut in (1, 10, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        assert read_rows(path) == rows[:1]
        append_row(path, rows[2])
        assert read_rows(path) == [rows[0], rows[2]]
        assert path.read_bytes().count(b"\n") == 2


def test_a_file_of_something_else_is_refused_and_left_alone(text: Text, capsys: pytest.CaptureFixture[str]) -> None:
    Path("e.jsonl").write_text(json.dumps(failed_row(0)) + "\nnot JSON\n")
    assert run(["explore", "--data", "words.txt", "--out", "e.jsonl"]) == 1
    told = capsys.readouterr().err
    assert "e.jsonl, line 2: it is not JSON" in told and "remove the line, or give another --out" in told
    assert Path("e.jsonl").read_text().endswith("not JSON\n")


# On Dask


@pytest.mark.slow
def test_the_same_command_runs_only_what_is_missing(
    text: Text, cluster: LocalCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("points.toml").write_text(table(heads=[2, 3, 4]))
    command = ("--points", "points.toml", "--json")
    assert explore(cluster, *command) == 0
    first, lines = json.loads(capsys.readouterr().out), Path("e.jsonl").read_bytes().splitlines()
    assert len(first["points"]) == len(lines) == 3 and first["left"] == 0
    failed = [row for row in first["points"] if "error" in row]
    assert [row["error"] for row in failed] == ["n_embd 8 is not divisible by n_head 3"]
    assert Path("e.png").read_bytes().startswith(PNG)

    Path("points.toml").write_text(table(heads=[2, 3, 4]) + table(heads=1))
    assert explore(cluster, *command) == 0
    again = Path("e.jsonl").read_bytes().splitlines()
    assert again[:3] == lines and len(again) == 4 and json.loads(again[3])["point"]["n_head"] == 1

    assert explore(cluster, *command, "--retry-failed") == 0
    assert json.loads(Path("e.jsonl").read_bytes().splitlines()[4])["point"] == failed[0]["point"]
    capsys.readouterr()
    Path("words.txt").write_text("\n".join(WORDS[1:]))
    assert explore(cluster, *command) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["points"]) == 4 and len(Path("e.jsonl").read_bytes().splitlines()) == 9


@pytest.mark.slow
def test_draw_only_runs_nothing(text: Text, cluster: LocalCluster, capsys: pytest.CaptureFixture[str]) -> None:
    append_row(Path("e.jsonl"), run_point(tiny()[0], text))
    before = Path("e.jsonl").read_bytes()
    assert explore(cluster, "--draw-only") == 0
    assert Path("e.png").read_bytes().startswith(PNG) and Path("e.jsonl").read_bytes() == before
    assert "8×1, 1.2 digits: " in capsys.readouterr().out
    Path("words.txt").write_text("\n".join(WORDS[1:]))
    assert explore(cluster, "--draw-only") == 1
    assert "nothing to draw: e.jsonl has no point of words.txt" in capsys.readouterr().err


@pytest.mark.slow
def test_no_point_begins_that_cannot_end_in_time(
    text: Text, cluster: LocalCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("points.toml").write_text(table(heads=[3, 2], seconds=600) + table())
    assert explore(cluster, "--points", "points.toml", "--time-limit", "0.5") == 0
    assert {row["point"]["seconds"] for row in read_rows(Path("e.jsonl")) if "error" not in row} == {0.2}
    assert "1 left for want of time: the same command runs them" in capsys.readouterr().out


@pytest.mark.slow
def test_what_runs_too_long_is_cancelled_at_the_limit_and_counts_as_left(text: Text) -> None:
    rows: list[Row] = []
    (quick,), (slow,) = tiny(0.1), tiny(60)
    schedule = unlimited(text)

    def finished(row: Row) -> None:
        rows.append(row)
        schedule.deadline = time.monotonic()

    with open_client(None, 2) as client:
        assert run_points(client, [quick, slow], text, schedule, finished) == [slow]
    assert [row["point"] for row in rows] == [quick.identity()]


def test_a_schedule_learns_how_long_points_take_besides_training(text: Text) -> None:
    schedule, (point,) = Schedule(time.monotonic() + 30, len(text.characters)), tiny(10)
    assert schedule.fits(point) and not schedule.over
    schedule.learn(point, {"took": 45.0})
    assert schedule.expected(point) == pytest.approx(45) and not schedule.fits(point)
    assert schedule.fits(tiny(10, heads=[3])[0]), "a shape that is refused costs no time"


@pytest.mark.slow
def test_a_point_whose_worker_dies_is_run_by_another(text: Text) -> None:
    rows: list[Row] = []
    with open_client(None, 2) as client:
        victims = client.run(os.getpid)

        def watch(running: Any, waiting: Any) -> None:
            if victims and running and time.monotonic() - running[0].begun > 0.5:
                os.kill(victims.pop(running[0].worker), signal.SIGKILL)
                victims.clear()

        left = run_points(client, tiny(2.0), text, unlimited(text), rows.append, watch)
    assert not victims and not left
    assert [row["point"] for row in rows] == [tiny(2.0)[0].identity()] and "error" not in rows[0]


def test_without_dask_it_says_what_to_install(
    text: Text, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(["explore", "--data", "words.txt"]) == 1
    assert "explore needs a package that is not installed: install dask[distributed]" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("address", ["", "nowhere", "tcp://", "tcp://127.0.0.1:1", "tcp://256.1.1.1:99999"])
def test_a_scheduler_that_is_not_there_is_one_clear_line(address: str) -> None:
    with pytest.raises(InputError, match=r"no Dask scheduler answers at '"), open_client(address, 1, timeout=0.5):
        pass


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256)) * 16, None])
def test_a_server_that_is_no_scheduler_is_one_clear_line(answer: bytes | None) -> None:
    """It hangs up, answers something else, or never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    there, _ = server.accept()
                    kept.append(there)
                    if answer is not None:
                        there.sendall(answer)
                        there.close()

        kept = list[socket.socket]()
        threading.Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match="no Dask scheduler answers"), open_client(address, 1, timeout=0.5):
            pass


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_one_clear_line(text: Text) -> None:
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    closer = threading.Thread(target=cluster.close)

    def close_once(running: Any, waiting: Any) -> None:
        if running and closer.ident is None:
            closer.start()

    with (
        pytest.raises(InputError, match="the Dask scheduler is gone"),
        open_client(cluster.scheduler_address, 1) as c,
    ):
        run_points(c, tiny(5.0), text, unlimited(text), lambda row: None, close_once)
    closer.join()


def test_more_workers_than_cores_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    cores = os.cpu_count() or 1
    for workers in (cores + 1, 2000):
        assert run(["explore", "--workers", str(workers)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"{workers} for {cores}, share them" in said


@pytest.mark.slow
def test_ctrl_c_leaves_the_file_whole_and_no_process_behind(text: Text) -> None:
    Path("points.toml").write_text(table(heads=[1, 2, 4, 8], seed=[0, 1, 2], seconds=1))
    arguments = [
        "--data",
        "words.txt",
        "--points",
        "points.toml",
        "--no-forerunner",
        "--out",
        "e.jsonl",
        "--workers",
        "1",
    ]
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-m", "snesgpt", "explore", *arguments],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
        start_new_session=True,
        text=True,
    )
    until = time.monotonic() + 90
    while not read_rows(Path("e.jsonl")) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.splitlines()[-1].startswith("snesgpt: interrupted: e.jsonl has every finished point")
    assert "Traceback" not in told, told
    rows = read_rows(Path("e.jsonl"))
    assert 1 <= len(rows) < 12 and Path("e.jsonl").read_bytes().endswith(b"\n")
    until = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.1)


# The picture


def row_at(speed: float, nll: float, name: str = "microgpt", layers: int = 1, kib: int = 128) -> Row:
    point = {"name": name, "n_embd": 16, "n_layer": layers, "digits": 1.2}
    return {
        "point": point,
        "label": label(point),
        "tokens_per_second": speed,
        "nll_integer": nll,
        "rom_bytes": kib * 1024,
    }


def test_the_front_holds_what_no_other_beats_slowest_first() -> None:
    best, fast, between = row_at(5, 1.9), row_at(100, 2.2), row_at(50, 2.0)
    beaten = [row_at(4, 1.9), row_at(50, 2.1), row_at(40, 2.0), row_at(100, 2.3)]
    assert pareto_front([fast, *beaten, best, between]) == [best, between, fast]
    assert pareto_front([best, row_at(5, 1.9)]) == [best]
    assert pareto_front([]) == []
    slow = row_at(40, 2.0) | {"characters_per_token": 1.5}
    assert pareto_front([between, slow]) == [slow], "tokens that say more are faster than they look"


@pytest.mark.slow
def test_the_picture_is_a_png_the_same_each_time_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row_at(2.0**n, 2 + n / 50, layers=1 + n % 6, kib=64 << n) for n in range(7)]
    rows += [row_at(3, 2.3, "forerunner"), {"point": {}, "label": "10×1", "error": "refused"}]
    pictures = []
    for path in (tmp_path / "one.png", tmp_path / "two.png"):
        draw(path, rows, "title")
        pictures.append(path.read_bytes())
    assert pictures[0].startswith(PNG) and pictures[0] == pictures[1]
    draw(tmp_path / "single.png", rows[:1], "title")
    rows[1]["point"] |= {"memory_vectors": 2, "memory_logits": 4}
    draw(tmp_path / "two fronts.png", rows, "title")
    monkeypatch.setattr("snesgpt.explore.pareto.remembers", lambda point: False)
    draw(tmp_path / "one front.png", rows, "title")
    assert (tmp_path / "two fronts.png").read_bytes() != (tmp_path / "one front.png").read_bytes()
    with pytest.raises(InputError, match="nothing to draw"):
        draw(tmp_path / "none.png", rows[-1:], "title")
    assert not (tmp_path / "none.png").exists()
