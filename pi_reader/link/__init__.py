"""The box tells others what it read: a broker (MQTT, with Home Assistant), or a web address.

A process and a user of its own, without numpy, database or power: it reads the status file, and
asks the clerk for what others want done. The reader never waits for it.
"""
