"""What the ablation leaves out is there to be left out."""

from __future__ import annotations

from benches import loaded


def test_ok__every_switch_finds_what_it_switches() -> None:
    with loaded("ablation") as ablation:
        assert len(ablation.SWITCHES) > 30
        for switch in ablation.SWITCHES.values():
            with switch():
                pass
