"""The name under which other versions of setup.sh look for the backup; all else is in `box`."""
