"""What a part of the box declares: its settings, how it is opened, and how it is checked.

`camera`, `outputs` and `inputs` each have a table of their parts by name. A part is one file with a
class, a section of the settings (a frozen dataclass of `setting`s), and `PART`, which tells all
others what they have to know of it.
"""

from pi_reader.parts.part import Closing, Log, Part, PartContext, Table, setting

__all__ = ["Closing", "Log", "Part", "PartContext", "Table", "setting"]
