#!/usr/bin/env bash
# A real SLURM on this host, without systemd, as root: munged, slurmctld, node c1 (partition cpu), node g1 (partition
# gpu, two pretended GPUs).   slurm_up.sh STATE_DIRECTORY
set -euo pipefail
STATE=$1; HOST=$(hostname -s); MARK="# managed by tests/slurm"
mkdir -p "$STATE"/{run,log,ctld,spool/c1,spool/g1,dev,munge}
chmod 755 "$STATE" "$STATE"/{run,log,ctld,spool,dev}
die() { echo "slurm_up: $*" >&2; exit 1; }
# the plugin's inner srun loses SLURM_CONF, so the configuration must be where SLURM looks for it
for f in slurm.conf gres.conf cgroup.conf; do
  [ ! -e /etc/slurm/$f ] || [ -L /etc/slurm/$f ] || die "/etc/slurm/$f exists; this host has a SLURM of its own"
done
getent hosts "$HOST" >/dev/null || echo "127.0.0.1 $HOST" >>/etc/hosts
# a GPU of gres.conf must be a device file, else CUDA_VISIBLE_DEVICES stays unset
for i in 0 1; do [ -c "$STATE/dev/nvidia$i" ] || mknod -m 666 "$STATE/dev/nvidia$i" c 1 3; done
{ echo "$MARK"; for i in 0 1; do echo "NodeName=g1 Name=gpu Type=pretended File=$STATE/dev/nvidia$i"; done; } >"$STATE/gres.conf"

# with control groups of version 1 going over the memory kills; else memory is polled
track="ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherParams=OverMemoryKill"
echo "$MARK" >"$STATE/cgroup.conf"
if [ -d /sys/fs/cgroup/freezer ] && mkdir /sys/fs/cgroup/memory/slurm_probe 2>/dev/null; then
  rmdir /sys/fs/cgroup/memory/slurm_probe
  track="ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup"
  printf '%s\n' "CgroupPlugin=cgroup/v1" "CgroupAutomount=no" "CgroupMountpoint=/sys/fs/cgroup" "ConstrainRAMSpace=yes" \
    "AllowedRAMSpace=100" "ConstrainCores=no" "ConstrainDevices=no" "ConstrainSwapSpace=no" >>"$STATE/cgroup.conf"
fi
cat >"$STATE/slurm.conf" <<CONF
$MARK
ClusterName=local
SlurmctldHost=$HOST
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
SlurmctldPort=16817
SlurmctldPidFile=$STATE/run/slurmctld.pid
SlurmdPidFile=$STATE/run/slurmd.%n.pid
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/slurmd.%n.log
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/spool/%n
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
$track
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobCompType=jobcomp/filetxt
JobCompLoc=$STATE/log/completed.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
SlurmdTimeout=20
KillWait=5
MinJobAge=3600
AccountingStorageType=accounting_storage/none
NodeName=c1 NodeHostname=$HOST Port=17001 CPUs=4 RealMemory=8000 State=UNKNOWN
NodeName=g1 NodeHostname=$HOST Port=17002 CPUs=4 RealMemory=16000 Gres=gpu:pretended:2 State=UNKNOWN
PartitionName=cpu Nodes=c1 Default=YES MaxTime=1-0 DefaultTime=10 State=UP
PartitionName=gpu Nodes=g1 MaxTime=1-0 DefaultTime=10 State=UP
CONF
for f in slurm.conf gres.conf cgroup.conf; do ln -sfn "$STATE/$f" /etc/slurm/$f; done
if ! { munge -n | unmunge; } >/dev/null 2>&1; then
  install -d -m 755 /run/munge
  rm -f /run/munge/munge.socket.2*
  (umask 077; head -c 128 /dev/urandom >"$STATE/munge/munge.key")
  munged --key-file="$STATE/munge/munge.key" --pid-file="$STATE/run/munged.pid" --log-file="$STATE/log/munged.log" \
    --seed-file="$STATE/munge/munged.seed" || die "munged: $(tail -3 "$STATE/log/munged.log")"
fi
slurmctld || die "slurmctld: $(tail -3 "$STATE/log/slurmctld.log")"
for n in c1 g1; do slurmd -N $n || die "slurmd $n: $(tail -3 "$STATE/log/slurmd.$n.log")"; done
for _ in $(seq 150); do
  [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c idle)" = 2 ] && { sinfo; exit 0; }
  sleep 0.2
done
sinfo -N -l >&2 || true
tail -5 "$STATE"/log/*.log >&2
die "the nodes did not become idle"
