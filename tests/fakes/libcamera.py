"""As much of libcamera as picamera2's users touch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Transform:
    hflip: bool = False
    vflip: bool = False
