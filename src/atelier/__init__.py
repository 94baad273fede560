"""Atelier: photo search for a catalogue, retrained daily and released as one.

Importing the package switches off the telemetry of all libraries that it uses, and does nothing else.
"""

from atelier.telemetry import switch_off

switch_off()
