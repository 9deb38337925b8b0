"""How Home Assistant learns of the box: one message that describes a device and all its entities.

It lies retained on `homeassistant/device/ID/config`; an empty one takes the device away again. Each
entity takes its value out of one of the box's own messages. Faults are an entity and no absence:
the entity that tells of a fault would vanish with it.
"""

from __future__ import annotations

from typing import Any

from pi_reader import __version__
from pi_reader.link.messages import NOT_RUNNING, OFFLINE, ONLINE, topic
from pi_reader.values import State

BIRTH = "homeassistant/status"  # says "online" when Home Assistant has (re)started
_DIAGNOSTIC = {"entity_category": "diagnostic"}
_BUTTONS = {
    "read": ("Read again", "mdi:camera"),
    "train": ("Learn now", "mdi:school"),
    "cancel": ("Stop learning", "mdi:school-outline"),
    "identify": ("Identify", "mdi:bullhorn"),
}


def config_topic(device: str) -> str:
    """Where the description lies."""
    return f"homeassistant/device/{device}/config"


def description(device: str, room: str = "", picture: bool = False) -> dict[str, Any]:
    """The message's content; at most 4 KB as JSON. picture: whether pictures are told."""
    about = {
        "identifiers": [device],
        "name": f"pi-reader {device.removeprefix('pir-')}",
        "manufacturer": "pi-reader",
        "model": "Raspberry Pi that reads handwritten numbers",
        "sw_version": __version__,
    }
    return {
        "device": about | ({"suggested_area": room} if room else {}),
        "origin": {"name": "pi-reader", "sw_version": __version__},
        "availability_topic": topic(device, "availability"),
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
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
        "unsure": {
            "platform": "binary_sensor",
            "name": "Unsure",
            "state_topic": state,
            "device_class": "problem",
            "value_template": "{{ 'ON' if value_json.unsure else 'OFF' }}",
        },
        "faulty": {
            "platform": "binary_sensor",
            "name": "Faulty",
            "state_topic": state,
            "device_class": "problem",
            "value_template": "{{ 'ON' if value_json.fault else 'OFF' }}",
        }
        | _DIAGNOSTIC,
    }


def _sensor(name: str, state_topic: str, value: str, unit: str = "") -> dict[str, Any]:
    """A sensor; one with a unit is a measurement."""
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": state_topic,
        "value_template": f"{{{{ value_json.{value} }}}}",
    } | ({"unit_of_measurement": unit, "state_class": "measurement"} if unit else {})


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
