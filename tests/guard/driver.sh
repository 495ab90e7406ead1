# Inside the machine: plants, takes fingerprints, runs the phase, takes fingerprints again.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# The way back out is gone, or this stops before anything is planted.
if [ -e /old ] || [ -e /home ] || [ ! -f /guard/driver.sh ]; then
  echo "sandbox: not in the sandbox" >&2
  exit 1
fi
. /guard/plant.sh

# All that makes trees: devices, inodes, kinds, modes, owners, sizes, times, link targets, names, contents; each entry
# ends in a NUL. A file's number of links may fall.
fingerprint() {
  set --
  while IFS= read -r path; do
    if [ -d "$path" ]; then
      set -- "$@" "$path/."
    elif [ -e "$path" ]; then
      set -- "$@" "$path"
    else
      printf '%s is absent\0' "$path"
    fi
  done </guard/keep
  find "$@" -printf '%D %i %y %m %U %G %s %T@ %l|%p\0' | sort -z
  find "$@" -type f -print0 | sort -z | xargs -0r sha256sum -z
}

# What is in the folders that a reset empties, in their own file systems, and what is mounted anywhere.
reach() {
  find -H $(cat /guard/roots) -xdev -mindepth 1 -printf '%p\0%y %i %l\0' 2>/dev/null
  printf 'mounts\0'
  awk '{ print $4, $5, $6, $(NF - 2) }' /proc/self/mountinfo
}

plant_usual
set -e
. /guard/case.sh
set +e
mkdir -p /run/kfleet
cp /guard/phase.sh /run/kfleet/phase.sh
fingerprint >/guard/before
reach >/guard/reach-before
readlink -mz $(cat /guard/roots) >/guard/real-roots
. /guard/run.sh
fingerprint >/guard/after
reach >/guard/reach-after
cat /proc/self/mountinfo >/guard/mounts
exit 0
