"""The controls of the box: what a person presses."""

from pi_reader.parts import Table

INPUTS = Table(__name__, button="button", none="none")
