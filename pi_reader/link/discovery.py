"""How Home Assistant learns of the box: one message that describes a device and all its entities.

It lies retained on `homeassistant/device/ID/config`; an empty one takes the device away again. Each
number of the settings has a message of its own below, so that however many there are, none grows
beyond what brokers and Home Assistant take. Each entity takes its value out of one of the box's own
messages. Faults are an entity and no absence:
the entity that tells of a fault would vanish with it.
"""

from __future__ import annotations

from typing import Any

from pi_reader import __version__
from pi_reader.link.messages import NOT_RUNNING, topic
from pi_reader.numbers.settings import NumberSettings
from pi_reader.values import State

BIRTH = "homeassistant/status"  # says "online" when Home Assistant has (re)started
_DIAGNOSTIC = {"entity_category": "diagnostic"}
_BUTTONS = {
    "read": ("Read again", "mdi:camera"),
    "train": ("Learn now", "mdi:school"),
    "cancel": ("Stop learning", "mdi:school-outline"),
    "identify": ("Identify", "mdi:bullhorn"),
}
_CLASSES = {  # of Home Assistant, by the units that each takes
    "temperature": "°C °F K",
    "energy": "J kJ MJ GJ Wh kWh MWh GWh",
    "power": "mW W kW MW GW",
    "water": "m³ L ft³ gal",
    "volume_flow_rate": "m³/h L/min",
    "voltage": "mV V",
    "current": "mA A",
    "frequency": "Hz kHz MHz GHz",
    "pressure": "Pa hPa kPa bar mbar mmHg psi",
    "weight": "mg g kg oz lb",
    "distance": "mm cm m km in ft yd mi",
    "speed": "m/s km/h mph ft/s",
    "duration": "ms s min h d",
    "illuminance": "lx",
    "irradiance": "W/m²",
}
_CLASS_OF = {unit: name for name, units in _CLASSES.items() for unit in units.split()}
_TOTALS = ("energy", "water", "gas")  # classes that Home Assistant takes as totals alone
_EITHER = ("", "weight", "distance", "duration")  # and as either; the rest only as measurements


def config_topic(device: str) -> str:
    """Where the description lies."""
    return f"homeassistant/device/{device}/config"


def number_topics(device: str, name: str) -> tuple[str, str]:
    """Where a number lies, and its description; "+" as the name is every number."""
    return topic(device, f"number/{name}"), f"homeassistant/sensor/{device}/{name}/config"


def number_in(device: str, place: str) -> str:
    """The name of the number that one of its topics belongs to, "" for any other topic."""
    for pattern in number_topics(device, "+"):
        before, after = pattern.split("+")
        name = place[len(before) : len(place) - len(after)]
        if name and place == before + name + after:
            return name
    return ""


def number_description(device: str, number: NumberSettings) -> dict[str, Any]:
    """The description of one number of the settings, below 1 KB as JSON."""
    state_topic = number_topics(device, number.name)[0]
    sensor = _sensor(number.name, state_topic, "value") | {
        "json_attributes_topic": state_topic,
        "unique_id": f"{device}_number_{number.name}",
        "device": {"identifiers": [device], "name": _name_of(device)},
        "availability_topic": topic(device, "availability"),
        "qos": 1,
    }
    del sensor["platform"]  # which the topic tells
    if number.kind != "number":
        return sensor  # a time or a text is no quantity
    kind = _CLASS_OF.get(number.unit, "")
    if number.unit in ("m³", "ft³") and "gas" in number.name.lower():
        kind = "gas"
    sensor["state_class"] = "total" if kind in _TOTALS else "measurement"
    if not number.may_fall and kind in _TOTALS + _EITHER:
        sensor["state_class"] = "total_increasing"
    about = {"unit_of_measurement": number.unit, "device_class": kind}
    return sensor | {key: word for key, word in about.items() if word}


def _name_of(device: str) -> str:
    """What Home Assistant calls the box, and its entities begin with."""
    return f"pi-reader {device.removeprefix('pir-')}"


def description(device: str, room: str = "", picture: bool = False) -> dict[str, Any]:
    """The message's content; at most 4 KB as JSON, for which templates have their short key.

    room: up to 32 characters; picture: whether pictures are told.
    """
    about = {
        "identifiers": [device],
        "name": _name_of(device),
        "manufacturer": "pi-reader",
        "model": "Raspberry Pi that reads handwritten numbers",
        "sw_version": __version__,
    }
    return {
        "device": about | ({"suggested_area": room} if room else {}),
        "origin": {"name": "pi-reader", "sw_version": __version__},
        "availability_topic": topic(device, "availability"),
        "qos": 1,
        "components": {
            name: entity | {"unique_id": f"{device}_{name}"}
            for name, entity in (
                _sensors(device) | _buttons(device) | (_image(device) if picture else {})
            ).items()
        },
    }


def _sensors(device: str) -> dict[str, dict[str, Any]]:
    state, reading = topic(device, "state"), topic(device, "reading")
    training = topic(device, "training")
    return {
        "reading": _sensor("Reading", reading, "text")
        | {"json_attributes_topic": reading, "icon": "mdi:numeric"},
        "confidence": _sensor("Confidence", reading, "confidence", unit="%"),
        "state": _sensor("State", state, "state")
        | {"device_class": "enum", "options": [*map(str, State), NOT_RUNNING]},
        "fault": _sensor("Fault", state, "fault or 'none'") | _DIAGNOSTIC,
        "temperature": _sensor("Temperature", state, "temperature", unit="°C")
        | {"device_class": "temperature"}
        | _DIAGNOSTIC,
        "generation": _sensor("Generation", state, "generation") | _DIAGNOSTIC,
        "samples": _sensor("Samples", state, "samples") | _DIAGNOSTIC,
        "training": _sensor("Training", training, "state"),
        "progress": _sensor("Training progress", training, "progress", unit="%") | _DIAGNOSTIC,
        "unsure": _problem("Unsure", state, "unsure"),
        "unbelieved": _problem("Value not believed", state, "unbelieved"),
        "faulty": _problem("Faulty", state, "fault") | _DIAGNOSTIC,
    }


def _sensor(name: str, state_topic: str, value: str, unit: str = "") -> dict[str, Any]:
    """A sensor; one with a unit is a measurement."""
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": state_topic,
        "val_tpl": f"{{{{ value_json.{value} }}}}",
    } | ({"unit_of_measurement": unit, "state_class": "measurement"} if unit else {})


def _problem(name: str, state_topic: str, value: str) -> dict[str, Any]:
    """A binary sensor that is on while the value is anything but false or empty."""
    return {
        "platform": "binary_sensor",
        "name": name,
        "state_topic": state_topic,
        "device_class": "problem",
        "val_tpl": f"{{{{ 'ON' if value_json.{value} else 'OFF' }}}}",
    }


def _image(device: str) -> dict[str, dict[str, Any]]:
    about = {"image_topic": topic(device, "picture"), "content_type": "image/jpeg"}
    return {"picture": {"platform": "image", "name": "Picture"} | about}


def _buttons(device: str) -> dict[str, dict[str, Any]]:
    return {
        word: {
            "platform": "button",
            "name": name,
            "icon": icon,
            "command_topic": topic(device, "command"),
            "payload_press": word,
        }
        for word, (name, icon) in _BUTTONS.items()
    }
