"""The settings of a box: one TOML file, checked whole before any camera or pin is opened.

An unknown key, a number out of range or a pin that is used twice is refused with the key's full
name, and with the key that was probably meant. Nothing here imports numpy.
"""

from pi_reader.config.folders import Folders, find_folders
from pi_reader.config.load import load_settings, pins, settings_from
from pi_reader.config.own import load_layered
from pi_reader.config.settings import Settings

__all__ = [
    "Folders",
    "Settings",
    "find_folders",
    "load_layered",
    "load_settings",
    "pins",
    "settings_from",
]
