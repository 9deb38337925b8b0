#!/bin/sh
# The first process of the emulated board of test_power_cut.py: nothing but the guest.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
export PYTHONPATH=/pi OPENBLAS_NUM_THREADS=1 PATH=/usr/bin:/bin:/usr/sbin:/sbin
exec </dev/null >/dev/console 2>&1
python3 /pi/power_cut_guest.py /var/lib/power-cut
echo "complaint the guest ended"
exec sleep 1000000
