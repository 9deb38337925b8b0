"""The nightly job, from the samples to the weights in use.

Its plan is written to `night/plan.json` before it starts, so that after a power cut the next night
continues with the same samples; the trainings keep their checkpoints beside it. `night/last.json`
says which labels were learned last: a night without new ones does nothing.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pi_reader.config import Folders, Settings
from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile
from pi_reader.files import believed, locked, read_json, write_json
from pi_reader.learning import rehearsal
from pi_reader.learning.finetune import NIGHT, LabelledDigits
from pi_reader.learning.generations import SHIPPED, Generations
from pi_reader.learning.memory import LEARNED, Memory
from pi_reader.learning.night import offered, report
from pi_reader.learning.night.offered import as_labelled
from pi_reader.learning.night.pace import Pace
from pi_reader.learning.recut import recut
from pi_reader.learning.rehearsal import Rehearsal
from pi_reader.learning.samples import Samples, exchange
from pi_reader.learning.trial import Outcome, Trial
from pi_reader.network.card import PREPROCESSING, Card
from pi_reader.network.model import Model
from pi_reader.requests import Requests
from pi_reader.training import recipes
from pi_reader.training.trainer import Stopped, minutes

# The preprocessing of the first samples, which do not record it.
_FIRST_CUT = '{"centred_by": "mass", "full_ink": 255, "longer_edge": 20, "size": 28}'
_NEWS = 20 * 3600.0  # seconds for which the result of a night is shown: all of the next day


@dataclass(frozen=True)
class Result:
    """How the night ended. state: "done" (better weights are in use), "refused", "waiting" (nothing
    to do, or too few samples), "stopped" (goes on next time); message: in words."""

    state: str
    message: str


_NOTHING_NEW = Result("waiting", "nothing new was taught, so there is nothing to learn")


class Night:
    """One night of a box.

    seconds: time limit, None for no limit. mnist: the folder of MNIST instead of the settings'.
    told: returns a reason from outside to stop, or "". temperature: of the processor in degrees
    Celsius, None if unknown. clock: seconds since 1970; monotonic: seconds.
    """

    def __init__(
        self,
        folders: Folders,
        settings: Settings,
        generations: Generations,
        *,
        seconds: float | None = None,
        mnist: Path | None = None,
        log: Callable[[str], None] = lambda line: None,
        told: Callable[[], str] = lambda: "",
        temperature: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.folder = folders.state / "night"
        self._mapped = folders.state / "mnist"  # unpacked once, if necessary
        self._folders, self._settings, self._generations = folders, settings, generations
        self._mnist = mnist or (Path(settings.night.mnist) if settings.night.mnist else None)
        self._log, self._clock = log, clock
        self._heard: set[int] = set()  # offered generations that were tested, or have to wait
        self._requests = Requests(folders.requests, log)
        self._progress = report.ProgressFile(folders.training, clock, monotonic)
        self._pace = Pace(
            self._requests,
            self._progress,
            log,
            told,
            seconds,
            settings.night.hottest,
            temperature,
            clock,
            monotonic,
            sleep,
        )

    def run(self) -> Result:
        """Run. Raises Busy if another training is running, CannotWrite, BadData, MissingFile."""
        _make_folder(self.folder)
        with locked(self.folder / "lock", seconds=0.5):
            self._requests.take("cancel")  # meant for an earlier training
            self._tidy()
            self._take_in()
            try:
                result = self._run()
                self._hear_others()  # weights that were offered meanwhile
            except Stopped as stopped:
                result = Result(
                    "stopped",
                    f"{stopped}; what was learned so far is kept, and the "
                    "next training goes on from there",
                )
            except Exception as error:
                self._progress.say("failed", str(error))
                raise
            news = self._news() if result is _NOTHING_NEW else result
            shown = "waiting" if news.state == "stopped" else news.state
            self._progress.say(shown, news.message, 1.0 if shown == "done" else 0.0)
            if shown == "waiting":
                result = news
            self._log(result.message)
            self._requests.take("retrain")
            return result

    def _take_in(self) -> None:
        """Take in what members of the group have handed in: samples, and weights for the judge."""
        for request in self._requests.take("import", "offer"):
            try:
                content = self._requests.file_of(request)
                if request.kind == "offer":
                    one = self._generations.add_file(content)
                    self._log(f"generation {one.number} was handed in for the judge")
                    continue
                new = exchange.read(content, "samples that were handed in")
                with self._open_samples() as samples:
                    came = exchange.add(samples, new)
                self._log(f"{came.added} samples were handed in, {came.labelled} got a label")
            except (BadData, Busy, MissingFile) as error:
                self._log(f"{request.kind}: not taken in, {error}")

    def _news(self) -> Result:
        """The result of the last training, while it is recent and its weights are in use: the job
        is started twice an hour."""
        try:
            last = self._last()
            result = Result(str(last["state"]), str(last["message"]))
            now, then = believed(self._clock()), float(last["when"])
        except (KeyError, TypeError, ValueError):
            return _NOTHING_NEW
        old = now and then and not 0 <= now - then < _NEWS
        gone = result.state == "done" and last.get("base") != self._generations.current().sha256
        return _NOTHING_NEW if gone or (old and result.state != "waiting") else result

    def _run(self) -> Result:
        """Test weights from elsewhere, then train."""
        with self._open_samples() as samples:
            again = samples.cut_anew(json.dumps(PREPROCESSING, sort_keys=True), _FIRST_CUT, recut)
            if again:
                self._log(f"{again} samples were cut again, since patches are now made otherwise")
        self._hear_others()
        with self._open_samples() as samples:
            plan = self._plan(samples)
            if plan is None:
                return _NOTHING_NEW
            taught = as_labelled(
                [
                    sample
                    for sample in samples.learned() + samples.held()
                    if sample.id <= plan["last"]
                ]
            )
        number = self._generations.current().number
        parent, card = self._generations.load(number)
        outcome = self._trial(parent, card, taught, plan).run()
        if self._generations.current().sha256 != plan["base"]:  # it was not compared with those
            self._clear()
            return Result(
                "waiting",
                "other weights came into use while it learned; the next training begins with those",
            )
        result = self._conclude(outcome, card, plan, int((~taught.held_out).sum()))
        write_json(
            self.folder / "last.json",
            {
                "digest": plan["digest"],
                **vars(result),
                "when": believed(self._clock()),
                "base": self._generations.current().sha256,
            },
        )
        self._clear()
        return result

    def _open_samples(self) -> Samples:
        limits = self._settings.samples
        return Samples(self._folders.samples, limits.most, limits.megabytes, self._log)

    def _plan(self, samples: Samples) -> dict[str, Any] | None:
        """What to learn: the plan of an interrupted night, otherwise all samples; None if they
        were learned already."""
        current = self._generations.current()
        base = current.sha256
        try:
            plan = read_json(self.folder / "plan.json")
            if plan["digest"] == samples.digest(int(plan["last"])) and plan["base"] == base:
                self._log("goes on with what an earlier night had begun")
                return plan
        except (MissingFile, BadData, KeyError, OverflowError, TypeError, ValueError):
            pass
        self._clear()
        last = samples.newest()
        plan = {"last": last, "digest": samples.digest(last), "base": base}
        learned = current.card.data.get("samples") if current.card else None  # a cut may come
        if not samples.counts().labelled or plan["digest"] in (
            self._last().get("digest"),
            learned,
        ):  # before it is noted
            return None
        write_json(self.folder / "plan.json", plan)
        return plan

    def _last(self) -> dict[str, Any]:
        try:
            return read_json(self.folder / "last.json")
        except (MissingFile, BadData):
            return {}

    def _trial(
        self, parent: Model, card: Card, taught: LabelledDigits, plan: dict[str, Any]
    ) -> Trial:
        """The trial, set up by the plan."""
        facts = {
            "night": recipes.describe(NIGHT),
            "parent": plan["base"],
            "samples": plan["digest"],
        }
        prepared = self._rehearsal
        facts["memory"] = prepared.name
        trial = Trial(
            parent,
            card.reject_below,
            taught,
            prepared,
            seed=int(plan["digest"][:8], 16),
            folder=self.folder,
            facts=facts,
            stop=self._pace.stop,
            shown=self._pace.shown,
            log=self._log,
            memory=lambda model: Memory.beside(model, card),
        )
        self._log(report.outset(trial))
        return trial

    @functools.cached_property
    def _rehearsal(self) -> Rehearsal:
        """MNIST if the box has it, otherwise drawn digits, which take minutes on a Zero."""
        self._progress.say("training", "laying everything ready")
        if self._mnist is not None:
            try:
                return rehearsal.prepare(rehearsal.mapped_mnist(self._mnist, self._mapped))
            except (MissingFile, BadData, CannotWrite) as error:
                self._log(f"learns without MNIST: {error}")
        return rehearsal.prepare(None)

    def _conclude(
        self, outcome: Outcome, parent: Card, plan: dict[str, Any], learned: int
    ) -> Result:
        """Switch to an accepted model; returns the result."""
        if outcome.work:
            self._log(
                f"{outcome.work / 1e12:.2f} TFLOP of matrix work, in "
                f"{minutes(self._pace.elapsed())}"
            )
        if outcome.state != "accepted":
            stay = "the old weights stay: " if outcome.state == "refused" else ""
            return Result(outcome.state, f"{stay}{outcome.why}")
        assert outcome.model is not None
        self._log(outcome.why)
        now = believed(self._clock())
        message = report.morning(outcome, learned, now)
        card = report.card_of(outcome, parent, plan["digest"], plan["base"], learned, now, message)
        card = replace(card, notes={**card.notes, LEARNED: plan["last"]})
        one = self._generations.add(outcome.model, card, use=True)
        self._log(f"generation {one.number} is in use")
        return Result("done", message)

    def _hear_others(self) -> None:
        """Test weights that were offered, and those of an upgrade."""
        generations = self._generations
        waiting = [
            one
            for one in generations.list()
            if one.state == "candidate" and one.number not in self._heard
        ]
        upgraded = generations.shipped_changed()
        if not waiting and not upgraded:
            return
        with self._open_samples() as samples:
            held, learned = as_labelled(samples.held()), as_labelled(samples.learned())
        if upgraded:
            try:
                better, figures = offered.judge_upgrade(generations, held, learned)
            except (BadData, MissingFile) as error:  # the learned ones read on
                better, figures = False, f"the new shipped weights are not judged: {error}"
            self._log(figures)
            if better:  # everything must be learned again: forget first, in case of a power cut
                (self.folder / "last.json").unlink(missing_ok=True)
                generations.use(SHIPPED)
            generations.shipped_judged()
        for one in waiting:
            self._heard.add(one.number)
            self._progress.say("judging", f"generation {one.number}, which was offered")
            self._log(offered.judge_offer(generations, one, held, self._rehearsal, learned))

    def _tidy(self) -> None:
        """Remove partial files left by power cuts: checkpoints of 3 MB, MNIST's of up to 47."""
        for path in (*self.folder.glob(".*"), *self._mapped.glob(".*-ubyte.*")):
            path.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove the files of a finished trial."""
        for path in [self.folder / "plan.json", *self.folder.glob("*.checkpoint")]:
            path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Create the folder; if root does, it belongs to the box's user."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = folder.parent.stat()
            shutil.chown(folder, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise CannotWrite(f"{folder}: cannot be made a folder ({error.strerror})") from error
