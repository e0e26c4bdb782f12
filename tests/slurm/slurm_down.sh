#!/usr/bin/env bash
# End the daemons that slurm_up.sh started, by pid file, the command line checked first, and nothing else.
#   slurm_down.sh STATE_DIRECTORY
set -uo pipefail
STATE=$1
[ -s "$STATE/run/slurmctld.pid" ] && timeout 10 scancel --user=root 2>/dev/null && sleep 1
stop() {
  local file="$STATE/run/$1.pid" p
  [ -s "$file" ] || return 0
  p=$(cat "$file")
  grep -qa "$2" "/proc/$p/cmdline" 2>/dev/null || return 0
  kill "$p"
  for _ in $(seq 100); do [ -e "/proc/$p" ] || break; sleep 0.1; done
  [ ! -e "/proc/$p" ] || kill -9 "$p"
  rm -f "$file"
}
stop slurmd.g1 slurmd
stop slurmd.c1 slurmd
stop slurmctld slurmctld
stop munged munged
for f in slurm.conf gres.conf cgroup.conf; do
  [ "$(readlink /etc/slurm/$f)" = "$STATE/$f" ] && rm -f /etc/slurm/$f
done
exit 0
