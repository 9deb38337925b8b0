"""The figures of the box in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pi_reader import __version__
from pi_reader.client.status import BoxStatus
from pi_reader.state import NumberState
from pi_reader.web.access import PUPIL
from pi_reader.web.answers import Answer
from pi_reader.web.calls import Call

_FIGURES = (  # key of the status, name, kind, what it is
    ("frames", "frames_total", "counter", "Frames that were captured."),
    ("reads", "reads_total", "counter", "Frames that were read."),
    ("uptime", "uptime_seconds", "gauge", "Seconds since the reader was started."),
    ("looks_per_second", "looks_per_second", "gauge", "Frames a second since the start."),
    ("unsure_share", "unsure_share", "gauge", "Share of the last readings with an unsure digit."),
    ("generation", "generation", "gauge", "Number of the weights in use; 0 shipped with it."),
    ("temperature", "temperature_celsius", "gauge", "Temperature of the chip."),
    ("disk_free_mb", "disk_free_megabytes", "gauge", "Room on the card."),
)
_TRAINING = (
    ("progress", "training_progress", "gauge", "How far the training is, 0 to 1."),
    ("accuracy", "training_accuracy", "gauge", "Share of held-out digits read right at last."),
    ("samples", "training_samples", "gauge", "Labelled digits that it learns from."),
)


def answer(call: Call) -> Answer:
    """All figures that the caller may see."""
    content = text(call.box.watch.fresh(), call.may(PUPIL)).encode()
    return Answer(200, content, "text/plain; version=0.0.4; charset=utf-8")


def text(known: BoxStatus, whole: bool) -> str:
    """All figures; for guests only whether it runs and what was read last."""
    return "".join(f"{line}\n" for line in _lines(known, whole))


def _lines(known: BoxStatus, whole: bool) -> Iterator[str]:
    yield from _one("up", "gauge", "Whether the reader runs.", int(known.running))
    yield from _one(
        "info", "gauge", "The version of pi-reader.", 1, f'{{version="{_quoted(__version__)}"}}'
    )
    last = known.status.get("last")
    if isinstance(last, Mapping):
        for key, what in (("confidence", "Confidence of the last reading, 0 to 1."),
                          ("when", "When it was read, seconds since 1970.")):  # fmt: skip
            yield from _one(f"last_reading_{key}", "gauge", what, last.get(key))
        yield from _one(
            "readings_total", "counter", "Number of the last reading.", last.get("event")
        )
    yield from _numbers(known.state.numbers)
    if not whole:
        return
    for values, table in ((known.status, _FIGURES), (known.training, _TRAINING)):
        for key, name, kind, what in table:
            yield from _one(name, kind, what, values.get(key))
    faults = known.status.get("faults")
    yield from _one("faults", "gauge", "Parts that are faulty now.", len(faults or ()))
    state = _quoted(str(known.training.get("state") or "none"))
    yield from _one("training", "gauge", "State of the training.", 1, f'{{state="{state}"}}')


def _numbers(numbers: Sequence[NumberState]) -> Iterator[str]:
    """The numbers of the settings, and whether each is believed; nothing while none lies there."""
    for name, what, key in (
        ("number", "A named number on the page: the last value that was believed.", "amount"),
        ("number_believed", "Whether what stands there now is believed.", "good"),
    ):
        found = [(one, value) for one in numbers if (value := getattr(one, key)) is not None]
        if found:
            yield f"# HELP pi_reader_{name} {what}"
            yield f"# TYPE pi_reader_{name} gauge"
        for one, value in found:
            labels = f'name="{_quoted(one.name)}",unit="{_quoted(one.unit)}"'
            yield f"pi_reader_{name}{{{labels}}} {float(value):.15g}"


def _one(name: str, kind: str, what: str, value: Any, labels: str = "") -> Iterator[str]:
    """A figure with its description; nothing if it is not known."""
    if _is_number(value):
        yield f"# HELP pi_reader_{name} {what}"
        yield f"# TYPE pi_reader_{name} {kind}"
        yield f"pi_reader_{name}{labels} {value}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
