"""Lamps, displays and the terminal: what shows a person what was read.

A new output is one file here, with its settings and `PART`, and its name in this table.
"""

from pi_reader.parts import Table

OUTPUTS = Table(
    __name__,
    leds="leds",
    segments="segments",
    oled="oled",
    console="panel",
    record="record",
)
