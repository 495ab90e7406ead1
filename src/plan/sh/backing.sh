# --- backing: file systems that are made of what lies elsewhere ---------------------------------------------------
# A disk image on a loop device, an overlay or a union of folders can show as media what really is in a folder to be
# emptied. made_of prints what the mount in $0 is made of, as mountinfo spells it: "device 8:1", "source /dev/sda1",
# "folder 0:40 /upper" (of the file system with that number), "union /mount /a:/b".
# shellcheck disable=SC2034 # for place
MADE_OF='
function folder(path) { if (path ~ /^\//) print "folder", $3, path }
function layers(list, i, n, part) {
  # overlay escapes backslashes and colons once more
  gsub(/\\134\\134/, "\001", list)
  gsub(/\\134:/, "\002", list)
  n = split(list, part, ":")
  for (i = 1; i <= n; i++) {
    gsub(/\001/, "\\134", part[i])
    gsub(/\002/, ":", part[i])
    folder(part[i])
  }
}
function made_of(i, n, option) {
  for (i = 7; i < NF && $i != "-"; i++) { }
  type = $(i + 1); source = $(i + 2)
  print "device", $3
  if (type == "overlay") {
    n = split($(i + 3), option, ",")
    for (i = 1; i <= n; i++) if (sub(/^(upperdir|workdir|(lower|data)dir\+?)=/, "", option[i])) layers(option[i])
  } else if (type ~ /^fuse\.(mergerfs|mhddfs|unionfs)/) print "union", $5, source
  else if (source ~ /^\/dev\//) print "source", source
  else if (source ~ /^\/[^\/]/) folder(source)
  else if (source ~ /^(localhost|127\.[0-9.]+|\[::1\]):\//) folder(substr(source, index(source, ":/") + 1))
}'

# Prints numbers of devices that are made of files in place $1, as loop devices are, and of what is made of those.
devices_in() {
  set +f -- "$1" # unmounting takes no patterns
  for loop in /sys/block/loop*/loop/backing_file; do
    [ -r "$loop" ] && IFS= read -r file <"$loop" || continue
    [ -e "$file" ] || continue # elsewhere, or deleted already
    set -- "$@" "${loop%/loop/backing_file}" "$file"
  done
  [ $# -gt 1 ] || return 0
  # Two processes for all of them; there may be dozens where snaps are.
  inside=$(
    wanted=$1
    shift
    printf '%s\n' "$@" | DEVICE=${wanted%% *} PLACE_PATH=${wanted#* } awk -F '[ ]' "$PATHS"'
      FNR == NR { mount[NR] = un($5); root[NR] = un($4); device[NR] = $3; mounts = NR; next }
      FNR % 2 { loop = $0; next }
      {
        on = 0
        for (i = 1; i <= mounts; i++) if (within($0, mount[i]) && (!on || length(mount[i]) >= length(mount[on]))) on = i
        path = trim(root[on]) substr($0, length(trim(mount[on])) + 1)
        if (device[on] == ENVIRON["DEVICE"] && within(path, ENVIRON["PLACE_PATH"])) print loop
      }' /proc/self/mountinfo -
  ) || return
  for block in $inside; do
    made_with "$block" || return
  done
}

# Prints the number of block device $1 (a folder in /sys) and of its partitions and all that they hold up.
made_with() {
  cat "$1/dev" || return
  for above in "$1"/holders/* "$1/${1##*/}p"*; do
    [ ! -e "$above/dev" ] || (made_with "$above") || return
  done
}

# Prints the folders that a union mount (at $1; its source $2 names them, or what is left of them without what their
# names have in common) is made of. Fails where that cannot be told.
branches() {
  case $2 in
    /*) names=$2 ;;
    *)
      names=
      for process in /proc/[0-9]*; do
        read -r name 2>/dev/null <"$process/comm" || continue
        case $name in mergerfs | mhddfs | unionfs*) ;; *) continue ;; esac
        words=$(tr '\0' '\n' 2>/dev/null <"$process/cmdline")
        printf '%s\n' "$words" | grep -qxF -- "$1" || continue
        names=$(printf '%s\n' "$words" | grep '^/' | grep -vxF -- "$1")
      done
      ;;
  esac
  names=$(printf '%s\n' "$names" | tr ':' '\n' | sed 's/=[A-Za-z,0-9]*$//')
  [ -n "$names" ] || return
  set +f
  printf '%s\n' "$names" | while IFS= read -r name; do
    IFS=
    for branch in $name; do # they may be patterns
      printf '%s\n' "$branch"
    done
  done
}

# Whether what a protected path is made of has nothing to do with the root.
parts_are_elsewhere() {
  printf '%s\n' "$1" | while read -r part at names; do
    part_is_elsewhere "$part" "$at" "$names" || exit 1
  done
}

part_is_elsewhere() {
  case $1 in
    device) ! one_of "$2" "$ROOT_DEVICES" ;;
    source)
      [ -n "$ROOT_DEVICES" ] || return 0
      real "$2" || return
      [ ! -r "/sys/class/block/${REAL##*/}/dev" ] || ! one_of "$(cat "/sys/class/block/${REAL##*/}/dev")" "$ROOT_DEVICES"
      ;;
    folder)
      unescaped=$(unescape "$3")
      folder_is_elsewhere "${unescaped%x}" "$2"
      ;;
    union)
      unescaped=$(unescape "$2")
      named=$(unescape "$3")
      list=$(branches "${unescaped%x}" "${named%x}") || return
      printf '%s\n' "$list" | while IFS= read -r branch; do
        folder_is_elsewhere "$branch" - || exit 1
      done
      ;;
  esac
}

# Whether $1 is one of the lines of $2.
one_of() { case $NEWLINE$2$NEWLINE in *"$NEWLINE$1$NEWLINE"*) ;; *) return 1 ;; esac }

# Whether folder $1, of which the file system with number $2 is made, is clear of the root. A folder on that file system
# itself is not the one that was meant when it was mounted: the system has changed its / since.
folder_is_elsewhere() {
  real "$1" && ! within "$REAL" "$ROOT_REAL" || return
  [ -e "$REAL" ] || return 0
  place "$REAL" || return
  [ "${PLACE%% *}" = "$2" ] || ! touch_each_other "$PLACE" "$ROOT_PLACE"
}
