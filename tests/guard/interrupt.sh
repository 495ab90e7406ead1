# How an interrupted phase runs: killed as systemd kills a unit, all at once, at the mark in /guard/cut, then twice more.

# Kills all processes of session $1, until there are none.
kill_session() {
  found=yes
  while [ "$found" ]; do
    found=
    for process in /proc/[0-9]*; do
      read -r line 2>/dev/null <"$process/stat" || continue
      set -- "$1" ${line##*) }
      if [ "$5" = "$1" ] && [ "$2" != Z ]; then kill -9 "${process#/proc/}" 2>/dev/null && found=yes; fi
    done
  done
}

# Every file of the machine but those of the run itself, with its content, and every mount. Where the kill comes later than
# meant, on a busy machine, copies may be cut off; they stay beside those that the next run makes.
state() {
  set -- / -xdev '(' -path /guard -o -path /run/kfleet -o -path /dev -o -path /bin -o -path /sys/fs -o -name '*.cut-off-[0-9]' ')' -prune -o
  find "$@" -printf '%p %y %m %l\0' | sort -z
  find "$@" -type f -print0 | sort -z | xargs -0r sha256sum -z
  awk '$5 != "/guard" && $5 != "/usr/sbin" { print $4, $5, $6, $(NF - 2) }' /proc/self/mountinfo | sort
}

read -r cut </guard/cut
if [ "$cut" != never ]; then
  mkfifo /run/kfleet/pipe
  setsid /bin/sh /run/kfleet/phase.sh </dev/null >/run/kfleet/pipe 2>&1 &
  session=$!
  while IFS= read -r line; do
    case $line in *" $cut" | *" $cut "*)
      kill_session "$session"
      echo "cut at $cut" >/guard/notes
      ;;
    esac
  done </run/kfleet/pipe
fi
/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
cp /guard/calls /guard/calls-first
state >/guard/state
/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out-again 2>&1
state >/guard/state-again
