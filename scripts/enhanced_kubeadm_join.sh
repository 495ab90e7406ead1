#!/bin/sh
# kfleet 0.1.0: stand-alone join
#
# Joins this machine to its Kubernetes cluster as a worker. For a node that can be reached only by its console; where there
# is SSH, kfleet itself does the same for many nodes at once.
#
#   sudo sh THIS-FILE "kubeadm join 192.168.4.63:6443 --token ... --discovery-token-ca-cert-hash sha256:..."
#
# It looks first. A healthy member is left alone; what may pass by itself gets two minutes, and a kubelet that has stopped or
# lost its Node is restarted. Where the API server is out of reach, the token is dead, or the machine lacks what no reset
# brings, it says so and ends. Then it tries `kubeadm join`; where that fails for a reason that a reset can cure, it resets
# the node and tries again: gently before the second attempt, aggressively before the third. A node that
# an earlier join has left half done is reset gently before the first attempt. It ends well only when the API server has a
# Node with this machine's id that reports itself; kubectl must be here for that.
#
# It never touches /srv/media, /mnt/media, by whatever name or mount they are reached, nor /var/lib/etcd,
# and never changes a control-plane node. What it removes is Kubernetes' own state and, aggressively, containerd's images and
# containers. Copies of configuration and firewall rules are kept below /var/lib/kfleet/backup.
#
# The work is done by the unit kfleet.service, so it outlives this terminal, and nothing else of kfleet runs beside it. All
# that it prints is also in /run/kfleet, readable by root alone. The token is in no output and in no log; other users of this
# machine can see it in the command line while it runs, unless "-" is given in its place and the command on standard input.
#
# Exit codes: 0 joined, 1 failed, 2 usage, 3 refused, 130 stopped.
#
# Printed by `kfleet script join`; a file that was changed or cut off should be printed anew.

# shellcheck disable=SC2015,SC2016,SC2030,SC2031,SC2119,SC2120,SC2153,SC2317,SC2329,SC2034
{
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
ALONE=''
STAMP=''
TASK='a join'
PROTECT='/srv/media
/mnt/media
/var/lib/etcd'
CRI_SOCKET=unix:///run/containerd/containerd.sock
CNI_CONFIGS='10-flannel.conflist 10-flannel.conf 10-calico.conflist 10-canal.conflist calico-kubeconfig 05-cilium.conflist 05-cilium.conf 10-weave.conflist 10-weave.conf 10-kuberouter.conflist 10-kuberouter.conf 10-antrea.conflist 10-kindnet.conflist 00-multus.conf 00-multus.conflist multus.d 00-kube-ovn.conflist 01-kube-ovn.conflist 10-ovn-kubernetes.conf 10-aws.conflist 10-azure.conflist'
ROLLBACK_SECONDS=90
:
# --- common: what every script has ---------------------------------------------------------------------------------
say() { printf 'kfleet: %s\n' "$*"; }

# Waits until the command $3… succeeds: tries it at most $1 times, $2 seconds apart. 1 where it never does.
wait_until() {
  tries_left=$1
  pause=$2
  shift 2
  until "$@"; do
    tries_left=$((tries_left - 1))
    [ "$tries_left" -gt 0 ] || return 1
    sleep "$pause"
  done
}

# Whether the unit of phases is in none of the states $1….
phase_is_not() {
  phase_state=$(systemctl show -p ActiveState --value kfleet.service)
  for state_to_avoid in "$@"; do
    [ "$phase_state" != "$state_to_avoid" ] || return 1
  done
}
# --- guard: what stands between a delete and somebody's data -------------------------------------------------
# A path as mountinfo spells it, back to its bytes. Ends in an x, so that a newline at the end survives "$( )".
# shellcheck disable=SC2059 # the octal escapes are what printf is wanted for; percent signs are doubled before
unescape() { printf "$(printf %s "$1" | sed 's/%/%%/g')x"; }

# Sets REAL to where $1 leads, links resolved; parts that do not exist are taken as written.
real() {
  REAL=$(timeout -k 1 10 readlink -m -- "$1" && printf x) || return 1
  REAL=${REAL%??}
}

NEWLINE='
'

# Whether path $1 is $2 or lies below it.
within() {
  case $1 in "$2" | "$2"/*) return 0 ;; esac
  [ "$2" = / ]
}

# For awk over mountinfo: it writes space, tab, newline and backslash as octal, and all comparing is done on what they stand
# for (un); the same comparison as above (within); and paths to put others behind (trim).
PATHS='function within(a, b) { return a == b || b == "/" || index(a, b "/") == 1 }
function trim(a) { return a == "/" ? "" : a }
function un(s, o, i) {
  o = ""
  while ((i = index(s, "\\")) > 0) {
    o = o substr(s, 1, i - 1) sprintf("%c", substr(s, i + 1, 1) * 64 + substr(s, i + 2, 1) * 8 + substr(s, i + 3, 1))
    s = substr(s, i + 4)
  }
  return o s
}'

# Sets PLACE to "major:minor path-in-file-system" of $1 (resolved, existing): equal for all bind mounts of one
# folder, whatever they are called; and KIND to that file system's type. The kernel says by mnt_id which mount the path
# is on. Where place $2 is given: sets SHOWN to 1 where a mount at or below $1 shows a part of it or the whole of it, to 2
# where the mount that $1 is on lies on a folder in it, else to 0; and PARTS to what these mounts are made of (backing.sh).
place() {
  ID=$({ while read -r key value; do [ "$key" != mnt_id: ] || printf %s "$value"; done </proc/self/fdinfo/9; } 9<"$1") || return 1
  [ -n "$ID" ] || return 1
  other=${2-}
  PLACE=$(X=$1 DEVICE=${other%% *} PLACE_PATH=${other#* } awk -F '[ ]' -v id="$ID" "$PATHS$MADE_OF"'
    BEGIN { x = ENVIRON["X"]; device = ENVIRON["DEVICE"]; path = ENVIRON["PLACE_PATH"]; shown = 0 }
    { root = un($4); mount = un($5); parent[$1] = $2; devices[$1] = $3; roots[$1] = trim(root); mounts[$1] = mount }
    $3 == device && within(mount, x) && (within(root, path) || within(path, root)) { shown = 1 }
    $1 == id {
      place = trim(root) substr(x, length(trim(mount)) + 1)
      if (place == "") place = "/"
      for (i = 7; i < NF && $i != "-"; i++) { }
      place = $(i + 1) " " $3 " " place
      found = 1
    }
    device && ($1 == id || within(un($5), x)) { made_of() }
    END {
      for (n = 0; device != "" && n < NR && (up = parent[id]) in mounts && up != id; n++) {
        spot = roots[up] substr(mounts[id], length(trim(mounts[up])) + 1)
        if (devices[up] == device && within(spot, path)) shown = 2
        id = up
      }
      printf "\n.\n%s %sx", shown, place
      exit !found
    }' /proc/self/mountinfo) || return 1
  PARTS=${PLACE%%"$NEWLINE.$NEWLINE"*}
  PLACE=${PLACE#"$PARTS$NEWLINE.$NEWLINE"}
  SHOWN=${PLACE%% *}
  PLACE=${PLACE#* }
  KIND=${PLACE%% *}
  PLACE=${PLACE#* }
  PLACE=${PLACE%x}
}

# Whether places $1 and $2 are one, or one lies in the other.
touch_each_other() {
  [ "${1%% *}" = "${2%% *}" ] || return 1
  within "${1#* }" "${2#* }" || within "${2#* }" "${1#* }"
}

# Whether path, which is below x, lies in one of the entries: a name, or how one begins with a * behind it; none: any.
CHOSEN='
function chosen(path, x, count, list, i) {
  path = substr(path, length(x) + 2) "/"
  path = substr(path, 1, index(path, "/") - 1)
  count = split(ENVIRON["ENTRIES"], list, " ")
  for (i = 1; i <= count; i++)
    if (list[i] == path || (sub(/[*]$/, "", list[i]) && index(path, list[i]) == 1)) return 1
  return count == 0
}'

# Mount points below $1 (resolved) and in the entries in $2 (in words), as mountinfo spells them, deepest first. Fails
# where that cannot be told.
mounts_below() {
  LIST=$(X=$1 ENTRIES=${2-} awk -F '[ ]' "$PATHS$CHOSEN"'
    {
      mount = un($5); x = ENVIRON["X"]
      if ((x == "/" ? mount != "/" : index(mount, x "/") == 1) && chosen(mount, x)) print gsub("/", "/", mount), NR, $5
    }
    END { exit NR == 0 }' /proc/self/mountinfo) || return 1
  [ -n "$LIST" ] || return 0
  SORTED=$(printf '%s\n' "$LIST" | sort -k1,1nr -k2,2nr | cut -d' ' -f3)
  [ -n "$SORTED" ] && printf '%s\n' "$SORTED"
}

# Mounts elsewhere that would go along if all below $1 (resolved; place $2) and in the entries in $3 were unmounted,
# because their parents share mounts. Copies of mounts in $1 under another name of it are to go; a mount of what it lies
# on anyway, that hides no other mount, takes nothing away.
# Fails where that cannot be told.
taken_along() {
  X=$1 DEVICE=${2%% *} PLACE_PATH=${2#* } ENTRIES=$3 awk -F '[ ]' "$PATHS$CHOSEN"'
    function spot(id) { return trim(root[parent[id]]) substr(mount[id], length(trim(mount[parent[id]])) + 1) }
    function below(id) {
      return mount[id] != ENVIRON["X"] && within(mount[id], ENVIRON["X"]) && chosen(mount[id], ENVIRON["X"])
    }
    function copy(id, n) {
      for (n = 0; n < NR && (parent[id] in mount) && parent[id] != id; n++) {
        if (device[parent[id]] == ENVIRON["DEVICE"] && within(spot(id), ENVIRON["PLACE_PATH"])) return 1
        id = parent[id]
      }
      return 0
    }
    function repeats(id, other) {
      if (device[id] != device[parent[id]] || trim(root[id]) != spot(id)) return 0
      for (other in mount) if (other != id && parent[other] == parent[id] && within(mount[other], mount[id])) return 0
      return 1
    }
    {
      parent[$1] = $2; device[$1] = $3; root[$1] = un($4); mount[$1] = un($5)
      for (i = 7; i <= NF && $i != "-"; i++) if ($i ~ /^shared:/) group[$1] = $i
    }
    END {
      for (id in mount) if (below(id) && group[parent[id]] != "") going[group[parent[id]] " " spot(id)] = 1
      for (id in mount)
        if (!below(id) && group[parent[id]] != "" && ((group[parent[id]] " " spot(id)) in going) &&
          !repeats(id) && !copy(id)) print mount[id]
      exit NR == 0
    }' /proc/self/mountinfo
}

# 76 unless no protected path can be reached by removing what is in $1: compared by name, after resolving links, by
# place in the file system (bind mounts), by device and inode, and with every mount below the protected path.
# What cannot be compared counts as a match.
guard() {
  real "$1" && ROOT_REAL=$REAL && place "$ROOT_REAL" && ROOT_PLACE=$PLACE && ROOT_INODE=$(stat -Lc %d:%i -- "$ROOT_REAL") || {
    say "cannot tell where $1 lies, so nothing in it is removed"
    return 76
  }
  case $KIND in
    nfs* | cifs | smb* | ceph | 9p | virtiofs | afs | lustre | beegfs* | fuse | fuse.*)
      say "refused: $1 ($ROOT_REAL) lies on $KIND, where one folder can have several places"
      return 76
      ;;
  esac
  # shellcheck disable=SC2034 # for parts_are_elsewhere
  ROOT_DEVICES=$(devices_in "$ROOT_PLACE") || {
    say "refused: cannot tell which loop devices are files in $1"
    return 76
  }
  printf '%s\n' "$PROTECT" | while IFS= read -r protected; do
    guard_against "$1" "$protected" || exit 76
  done
}

# The guard for every folder that things are going to be removed from, before anything is touched. $UNMOUNTED are those
# below which a later step unmounts; in the others nothing may be mounted, or the delete would say so when half of the
# work is done.
check_roots() {
  for root in "$@"; do
    case $root in
      @*) list=$(moved_folders "$root") || return ;;
      *) list=$root ;;
    esac
    printf '%s\n' "$list" | while IFS= read -r folder; do
      [ -d "$folder" ] || continue
      guard "$folder" || exit 76
      points=$(mounts_below "$ROOT_REAL") || exit 76
      case " $UNMOUNTED " in
        *" $root "*)
          # In a moved folder only some entries are unmounted, and asked about then.
          case $root in @*) ;; *) not_by_fstab "$points" || exit 76 ;; esac
          continue
          ;;
      esac
      [ -n "$points" ] || continue
      say "refused: below $folder is mounted what Kubernetes did not mount there; unmount it first:"
      printf '%s\n' "$points"
      exit 76
    done || return
  done
}

guard_against() {
  if within "$2" "$1" || within "$1" "$2" || within "$2" "$ROOT_REAL"; then
    say "refused: $1 ($ROOT_REAL) and the protected path $2 lie in each other"
    return 76
  fi
  real "$2" || {
    say "refused: cannot tell where the protected path $2 leads"
    return 76
  }
  kept=$REAL
  if within "$kept" "$ROOT_REAL" || within "$ROOT_REAL" "$kept"; then
    say "refused: $1 is really $ROOT_REAL, and the protected path $2 is really $kept"
    return 76
  fi
  # A link is lost with the folder that it lies in, though what it leads to is not.
  if [ -L "$2" ]; then
    above=${2%/*}
    real "${above:-/}" && place "$REAL" || {
      say "refused: cannot tell where the protected path $2 lies"
      return 76
    }
    if [ "${PLACE%% *}" = "${ROOT_PLACE%% *}" ] && within "${PLACE#* }" "${ROOT_PLACE#* }"; then
      say "refused: the protected path $2 is a link in $1 under another name ($ROOT_PLACE, $PLACE)"
      return 76
    fi
  fi
  answer=$(timeout -k 1 10 stat -Lc %d:%i -- "$2" 2>&1)
  case $?:$answer in
    1:*": No such file or directory" | 1:*": Not a directory") return 0 ;; # nothing is there to lose
    0:*[!0-9:]* | 0: | [!0]*)
      say "refused: the protected path $2 does not answer (is its disk or server away?) $answer"
      return 76
      ;;
  esac
  place "$kept" "$ROOT_PLACE" || {
    say "refused: cannot tell where the protected path $2 lies"
    return 76
  }
  if [ "$answer" = "$ROOT_INODE" ] || touch_each_other "$PLACE" "$ROOT_PLACE"; then
    say "refused: $1 is the protected path $2 under another name ($ROOT_PLACE, $PLACE)"
    return 76
  fi
  case $SHOWN in
    0) ;;
    2)
      say "refused: the protected path $2 is mounted on a folder in $1, under another name of that ($ROOT_PLACE)"
      return 76
      ;;
    *)
      say "refused: $1 is part of the protected path $2 under another name ($ROOT_PLACE)"
      return 76
      ;;
  esac
  parts_are_elsewhere "$PARTS" || {
    say "refused: the protected path $2 is made of what lies in $1, or that cannot be told ($(printf '%s' "$PARTS" | tr '\n' ' '))"
    return 76
  }
}

# 75 unless nothing is mounted below $1 (resolved), in the entries in $2.
unmounted() {
  left=$(mounts_below "$1" "${2-}") || {
    say "cannot tell what is mounted below $1, so nothing in it is removed"
    return 75
  }
  [ -n "$left" ] || return 0
  say "still mounted below $1, so nothing in it is removed (fuser -vm tells who is in there; --aggressive detaches it):"
  printf '%s\n' "$left"
  return 75
}

# Runs function $1 with the rest as its arguments in a mount namespace of its own, where nobody can mount anything
# between the last look and the delete, and where protected folders are empty and read-only.
secluded() { unshare --mount --propagation private -- /bin/sh "$0" inside "$@"; }

# Inside that namespace: covers every protected folder.
cover_protected() {
  printf '%s\n' "$PROTECT" | while IFS= read -r protected; do
    cover "$protected" || {
      say "refused: cannot cover the protected path $protected"
      exit 76
    }
  done
}

cover() {
  [ -d "$1" ] || return 0
  real "$1" && mount -t tmpfs -o ro,size=4k,mode=0 kfleet "$REAL"
}
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
# --- roots: folders of kubelet and containerd that are not the usual ones -----------------------------------------
# Only the node knows where these are, so they go by symbols: @kubelet, @containerd-state, @containerd-root. What is read
# from a node is never a folder to empty: only entries that their owner is known to make are removed from it.

# Folders that an earlier reset, which did not come to its end, knew of: lines of a symbol, a space and a folder.
MOVED_NOTE=/var/lib/kfleet/moved

# Nothing that is one of these, by whatever name, is a folder of kubelet's or containerd's own.
SYSTEM_FOLDERS='/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /run/user /sbin /srv /sys
  /tmp /usr /var /var/cache /var/lib /var/local /var/lock /var/log /var/mail /var/opt /var/run /var/spool /var/tmp'

# 76 unless $1 can be a folder that somebody gave to kubelet or containerd. Sets REAL.
plausible() {
  case $1 in
    /*) ;;
    '?')
      say "refused: which folder kubelet or containerd was given could not be read" >&2
      return 76
      ;;
    *)
      say "refused: \"$1\" is named as a folder of kubelet or containerd, and is no absolute path" >&2
      return 76
      ;;
  esac
  # Quotes, variables and escapes would mean that a text was not read as its owner reads it.
  if [ -n "$(printf %s "$1" | tr -d 'A-Za-z0-9/._+@:,=~ -')" ]; then
    say "refused: how the folder $1 of kubelet or containerd is written cannot be read for sure" >&2
    return 76
  fi
  real "$1" || {
    say "refused: cannot tell where the folder $1 of kubelet or containerd leads" >&2
    return 76
  }
  why=
  case $REAL/ in
    /bin/* | /boot/* | /dev/* | /etc/* | /lib/* | /lib32/* | /lib64/* | /proc/* | /sbin/* | /sys/* | /usr/*) why=system ;;
    /home/*/*/*) ;;
    /home/*) why=home ;;
  esac
  for folder in $SYSTEM_FOLDERS; do
    [ "$REAL" != "$folder" ] || why=system
  done
  if [ -e "$REAL" ]; then
    identity=$(stat -Lc %d:%i -- "$REAL") || return 76
    # shellcheck disable=SC2086 # a list of words
    ! stat -Lc %d:%i -- $SYSTEM_FOLDERS 2>/dev/null | grep -qxF -- "$identity" || why=system
  fi
  ! cut -d: -f6 /etc/passwd 2>/dev/null | grep -qxF -- "$REAL" || why=home
  [ -z "$why" ] || {
    say "refused: $1 is named as a folder of kubelet or containerd, and is a $why folder ($REAL)" >&2
    return 76
  }
}

# Prints the folders, one per line, that root $1 stands for: itself, or what was noted.
folders() {
  case $1 in
    @*) noted "$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# Runs function $1 with each folder that $ROOT stands for and the arguments $2…; 64 where all of them had nothing to do.
each_folder() {
  work=$1
  shift
  list=$(folders "$ROOT") || return
  printf '%s\n' "$list" | {
    did=64
    while IFS= read -r each; do
      [ -n "$each" ] || continue
      "$work" "$each" "$@" </dev/null
      status=$?
      case $status in
        0) did=0 ;;
        64) ;;
        *) exit "$status" ;;
      esac
    done
    exit "$did"
  }
}

# Prints what was noted of root $1. It is read like anything else that a node says.
noted() {
  [ -e "$MOVED_NOTE" ] || [ -L "$MOVED_NOTE" ] || return 0
  if [ -L "$MOVED_NOTE" ] || [ "$(stat -c %F:%u:%a -- "$MOVED_NOTE")" != 'regular file:0:600' ]; then
    say "refused: $MOVED_NOTE, which tells moved folders, is not a file of root's alone" >&2
    return 76
  fi
  while IFS= read -r line; do
    case $line in
      "$1 "*) plausible "${line#"$1 "}" && printf '%s\n' "${line#"$1 "}" || return ;;
    esac
  done <"$MOVED_NOTE"
}

# Prints the folders of the moved root $1: those of now, and those of a reset before this one.
moved_folders() {
  case $1 in
    @kubelet) now=$(kubelet_folder) ;;
    @containerd-state) now=$(containerd_folder state /run/containerd) ;;
    @containerd-root) now=$(containerd_folder root /var/lib/containerd) ;;
  esac && before=$(noted "$1") || return 76
  printf '%s\n' "$now" "$before" | sort -u | sed '/^$/d'
}

note_moved() {
  note=$(for root in "$@"; do
    list=$(moved_folders "$root") || exit 76
    [ -z "$list" ] || printf '%s\n' "$list" | sed "s|^|$root |"
  done) || return
  write_note "$note" "$@"
}

forget_moved() { write_note '' "$@"; }

# Makes $1 all that is noted of the roots $2…; 64 where it is that already.
write_note() {
  lines=$1
  shift
  kept=$([ ! -f "$MOVED_NOTE" ] || cat "$MOVED_NOTE") || return
  for root in "$@"; do
    kept=$(printf '%s\n' "$kept" | sed "/^$root /d")
  done
  kept=$(printf '%s\n' "$kept" "$lines" | sed '/^$/d')
  if [ -z "$kept" ]; then
    [ -e "$MOVED_NOTE" ] || return 64
    rm -f -- "$MOVED_NOTE"
    return
  fi
  (umask 077 && mkdir -p "${MOVED_NOTE%/*}" && rm -f -- "$MOVED_NOTE.new" && printf '%s\n' "$kept" >"$MOVED_NOTE.new") &&
    timeout -k 1 60 sync "$MOVED_NOTE.new" && mv -f -- "$MOVED_NOTE.new" "$MOVED_NOTE"
}

# Prints $1, a folder that is named in place of the usual $2; nothing where it lies in that.
moved_from() {
  case $1 in /*) real "$1" && named=$REAL && real "$2" && within "$named" "$REAL" && return ;; esac
  plausible "$1" && printf '%s\n' "${1%/}"
}

# Prints kubelet's --root-dir where it is not the usual one: that of the kubelet that runs, or else what is written down
# for the next one. A process that is about to become kubelet has other arguments.
kubelet_folder() {
  unit=kubelet.service
  pid=$(timeout -k 1 20 systemctl show -p MainPID --value "$unit") || return 76
  arguments=$(arguments_of "$pid")
  case ${arguments%%"$NEWLINE"*} in
    *kubelet)
      dirs=$(printf '%s\n' "$arguments" | awk '
        value { dir = $0; value = 0; next }
        $0 == "--root-dir" { value = 1 }
        index($0, "--root-dir=") == 1 { dir = substr($0, 12) }
        END { if (dir != "") print dir }') # the last one counts
      ;;
    *) dirs=$(written_kubelet_dirs | sort -u) ;;
  esac
  case $dirs in
    '') ;;
    *"$NEWLINE"*)
      say "refused: kubelet does not run, and what is written of its --root-dir differs: $(printf '%s' "$dirs" | tr '\n' ' ')" >&2
      return 76
      ;;
    *) moved_from "$dirs" /var/lib/kubelet ;;
  esac
}

# The arguments of process $1, one per line; a newline in one of them becomes a control character.
arguments_of() { [ "${1:-0}" -eq 0 ] || tr '\0\n' '\n\001' 2>/dev/null <"/proc/$1/cmdline"; }

# Prints a unit as systemd knows it, and those of its files that are left: a reset that was cut off may have taken a drop-in
# away before systemd read them again, and systemctl cat fails then.
loaded_unit() {
  timeout -k 1 20 systemctl show -p NeedDaemonReload --value "$unit" | grep -qx yes || return
  timeout -k 1 20 systemctl show -p ExecStart -p Environment "$unit" || return
  paths=$(timeout -k 1 20 systemctl show -p FragmentPath -p DropInPaths --value "$unit") || return
  for path in $paths; do
    [ ! -e "$path" ] || cat -- "$path" || return
  done
  timeout -k 1 20 systemctl show -p EnvironmentFiles --value "$unit" | sed 's/^\(.*\) (ignore_errors=.*/EnvironmentFile=\1/'
}

# Prints each --root-dir in kubelet's unit and in the files that it, or a packaged one, takes its environment from.
written_kubelet_dirs() {
  text=
  case $(timeout -k 1 20 systemctl show -p LoadState --value "$unit") in
    '') echo '?' ;; # no answer is no folder
    not-found | masked) ;;
    *) text=$(timeout -k 1 20 systemctl cat "$unit" 2>/dev/null) || text=$(loaded_unit) || echo '?' ;;
  esac
  files=$(printf '%s\n' "$text" | sed -n 's/^[[:space:]]*EnvironmentFile=-\{0,1\}//p')
  {
    printf '%s\n' "$text"
    for file in $files /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet; do
      [ ! -f "$file" ] || cat -- "$file" || echo '--root-dir=?'
      echo
    done
  } | awk '
    /^[ \t]*[#;]/ { next }
    { line = line $0 }
    sub(/\\$/, " ", line) { next }
    {
      while ((at = index(line, "--root-dir")) > 0) {
        line = substr(line, at + 10)
        if (line != "" && line !~ /^[= \t"\047]/) continue # another option
        sub(/^(=|[ \t]+)/, "", line)
        quote = substr(line, 1, 1)
        if (quote == "\"" || quote == "\047") {
          line = substr(line, 2)
          end = index(line, quote)
        } else {
          end = match(line, /[ \t"\047]/)
        }
        dir = end ? substr(line, 1, end - 1) : line
        print dir == "" ? "?" : dir
      }
      line = ""
    }'
}

# In a script that changes nothing: has containerd read its files once for all steps.
DUMPED=
DUMP_FAILED=
dump_once() {
  command -v containerd >/dev/null || return
  DUMPED=$(timeout -k 1 20 containerd config dump 2>/dev/null) || {
    DUMP_FAILED=$?
    DUMPED=
  }
}

# Prints containerd's configuration, as merged from all its files.
containerd_dump() {
  if [ -n "$DUMPED" ]; then
    printf '%s\n' "$DUMPED"
  elif [ "$DUMP_FAILED" = 124 ] || [ "$DUMP_FAILED" = 137 ]; then
    echo "containerd config dump took longer than 20 s" >&2
    return 1
  else
    timeout -k 1 20 containerd config dump
  fi
}

# Prints containerd's folder $1 (root or state) where it is not the usual $2. `config dump` merges what config.toml
# imports, and knows nothing of the daemon's own options.
containerd_folder() {
  command -v containerd >/dev/null || return 0
  containerd_has_no_options || return
  if dump=$(containerd_dump 2>/dev/null); then
    dir=$(printf '%s\n' "$dump" | awk -v key="$1" '
      /^[ \t]*\[/ { exit }
      $1 == key || index($1, key "=") == 1 {
        sub(/^[^=]*=[ \t]*/, "")
        sub(/[ \t\r]+$/, "")
        quote = substr($0, 1, 1)
        fine = length($0) > 1 && (quote == "\"" || quote == "\047") && substr($0, length($0)) == quote
        print fine ? substr($0, 2, length($0) - 2) : "?"
        exit
      }')
    [ -z "$dir" ] || moved_from "$dir" "$2"
    return
  fi
  # Whatever it is that containerd cannot read: it is not guessed at where a folder might be named in it.
  line=$(find /etc/containerd -name '*.toml' -type f -exec cat {} + 2>/dev/null |
    awk -v key="$1" -v usual="$2" '
      index($1, key) == 1 && $0 ~ "^[ \t]*" key "[ \t]*=" {
        dir = $0
        sub(/^[^=]*=[ \t]*/, "", dir)
        sub(/[ \t]*(#.*)?\r?$/, "", dir)
        gsub(/["\047]/, "", dir)
        sub(/\/$/, "", dir)
        if (dir != "" && dir != usual) { print; exit }
      }')
  [ -z "$line" ] || {
    say "refused: containerd cannot read its configuration, in which $1 seems to be moved ($line); mend that first" >&2
    return 76
  }
}

# 76 where the daemon is started with another configuration file, or with folders of its own.
containerd_has_no_options() {
  pid=$(timeout -k 1 20 systemctl show -p MainPID --value containerd.service) || return 76
  words=$(arguments_of "$pid" | tr '\n' ' ')
  case ${words%% *} in
    *containerd) ;;
    *)
      words=$(timeout -k 1 20 systemctl show -p ExecStart --value containerd.service) || return 76
      words=${words#*argv\[\]=}
      words=${words%% ; *}
      ;;
  esac
  words=$(printf ' %s \n' "$words" | sed -e 's| --\{0,1\}config[= ]/etc/containerd/config\.toml | |' \
    -e 's| -c[= ]/etc/containerd/config\.toml | |') || return 76
  case $words in
    *' -c '* | *' -c='* | *' -config'* | *' --config'* | *' -root'* | *' --root'* | *' -state'* | *' --state'* | *\$*)
      say "refused: containerd is started with options of its own ($words), so where its data lie cannot be told" >&2
      return 76
      ;;
  esac
}

# 76 where containerd keeps snapshots as something else than files in folders: deleting would fail halfway, or leave
# volumes behind that nobody knows of any more. Folders of snapshotters that are merely there hold nothing.
check_snapshotters() {
  roots=$(moved_folders @containerd-root) || return
  printf '%s\n' /var/lib/containerd "$roots" | while IFS= read -r folder; do
    [ -d "$folder" ] || continue
    real "$folder" || exit 76
    for snapshotter in "$REAL"/io.containerd.snapshotter.v1.*; do
      case ${snapshotter##*.v1.} in overlayfs | native | fuse-overlayfs | '*') continue ;; esac
      held=$(find "$snapshotter" -mindepth 1 -maxdepth 2 ! -path "$snapshotter/metadata.db" \( ! -type d -o -path "$snapshotter/*/*" \) | head -n 1) &&
        [ -z "$held" ] || {
        say "refused: containerd keeps snapshots with ${snapshotter##*.v1.}, which are more than files ($held)"
        exit 76
      }
    done
    special=$(special_below "$REAL") && [ -z "$special" ] || {
      say "refused: what containerd keeps is more than files: $special"
      exit 76
    }
  done
}

# Prints a dataset of ZFS or a subvolume of btrfs below $1 (resolved), where there is one.
special_below() {
  X=$1 awk -F '[ ]' "$PATHS"'
    {
      for (i = 7; i <= NF && $i != "-"; i++) { }
      if ($(i + 1) == "zfs" && index(un($5), ENVIRON["X"] "/") == 1) { print un($5) " is a dataset of ZFS"; exit }
    }' /proc/self/mountinfo || return
  case $(stat -f -c %T -- "$1") in
    btrfs)
      # The inode of a folder there is 256 if it is a subvolume, and only then.
      subvolume=$(timeout -k 1 60 find "$1" -xdev -mindepth 1 -maxdepth 4 -type d -inum 256 2>/dev/null)
      [ $? -lt 124 ] || return # other failures: what containerd removes meanwhile
      [ -z "$subvolume" ] || printf '%s is a subvolume of btrfs\n' "$subvolume" | head -n 1
      ;;
  esac
}
# --- remove: unmount, prove, delete ---------------------------------------------------------------------------
# Sets HERE to the folder $1 stands for, links resolved; 64 where there is none.
locate() {
  [ -d "$1" ] || return 64
  real "$1" || return 1
  HERE=$REAL
}

# Unmounts all below $ROOT that lies in the entries $1… (without them, all of it), deepest first, until mountinfo shows
# nothing more; LAZY=yes detaches what is busy. Never by force: that would end the connection to a server or FUSE file
# system for everything mounted from it, media included.
unmount_below() { each_folder unmount_in "$@"; }

# The folder is $1.
unmount_in() {
  holding=$1
  shift
  set -f # names of mount points are words here, never patterns
  locate "$holding" || return
  points=$(mounts_below "$HERE" "$*") || return
  [ -n "$points" ] || return 64
  guard "$holding" || return
  not_by_fstab "$points" || return
  taken=$(taken_along "$HERE" "$ROOT_PLACE" "$*") || return
  if [ -n "$taken" ]; then
    for point in $points; do
      point=$(unescape "$point")
      mount --make-private -- "${point%x}"
    done
    # Where mounts are stacked, those below cannot be named.
    taken=$(taken_along "$HERE" "$ROOT_PLACE" "$*") || return
  fi
  if [ -n "$taken" ]; then
    say "nothing below $holding is unmounted, because these mounts elsewhere would go with it:"
    printf '%s\n' "$taken"
    return 75
  fi
  for how in plain lazy; do
    [ "$how" != lazy ] || [ "$LAZY" = yes ] || break
    unmount_round "$how" "$*"
    points=$(mounts_below "$HERE" "$*") || return
    [ -n "$points" ] || return 0
  done
  unmounted "$HERE" "$*"
}

# 76 where /etc/fstab mounts one of the points $1, lines as mountinfo spells them; fstab escapes alike.
not_by_fstab() {
  [ -f /etc/fstab ] || return 0
  own=$(POINTS=$1 awk "$PATHS"'
    BEGIN { n = split(ENVIRON["POINTS"], points, "\n"); for (i = 1; i <= n; i++) mounted[un(points[i])] = points[i] }
    $1 !~ /^#/ { point = un($2); sub(/\/+$/, "", point); if (point != "" && point in mounted) print mounted[point] }' /etc/fstab) &&
    [ -z "$own" ] || {
    say "refused: /etc/fstab mounts $(printf '%s' "$own" | head -n 1); it is the admin's own, and would be back after the next boot"
    return 76
  }
}

# Repeats until a pass brings nothing: each pass takes one layer off stacked mounts.
unmount_round() {
  while :; do
    before=$(mounts_below "$HERE" "$2" | wc -l)
    for point in $(mounts_below "$HERE" "$2"); do
      point=$(unescape "$point")
      case $1 in
        plain) timeout -k 1 20 umount -- "${point%x}" ;;
        lazy) timeout -k 1 20 umount -l -- "${point%x}" && say "detached ${point%x}, which is still in use" ;;
      esac
    done
    after=$(mounts_below "$HERE" "$2" | wc -l)
    [ "$after" -gt 0 ] && [ "$after" -lt "$before" ] || break
  done
}

# Finds the entries $3… (names, or how names begin with a * behind it; without entries, all) in folder $2, and prints
# or removes them, as $1 says. Fails where it cannot look.
entries() {
  what=$1
  folder=$2
  shift 2
  [ $# -gt 0 ] || set -- '*' '.*'
  first=$1
  shift
  for entry in "$@"; do
    set -- "$@" -o -name "$entry"
    shift
  done
  set -- "$folder" -xdev -mindepth 1 -maxdepth 1 \( -name "$first" "$@" \)
  case $what in
    print) find "$@" ;;
    remove) find "$@" -exec rm -rf --one-file-system -- {} + ;;
  esac
}

remove_contents() { case $ROOT in /*) remove ;; *) return 76 ;; esac }
remove_entries() { [ $# -gt 0 ] && remove "$@"; }

# Removes the entries $1… of $ROOT; without entries, all that is in it.
remove() { each_folder remove_in "$@"; }

# The folder is $1.
remove_in() {
  [ -d "$1" ] || return 64
  holding=$1
  shift
  there=$(entries print "$holding/." "$@") || return # its contents, where it is a link
  [ -n "$there" ] || return 64
  secluded remove_secluded "$holding" "$@"
}

remove_secluded() {
  guard "$1" || return
  HERE=$ROOT_REAL
  shift
  unmounted "$HERE" "$*" || return
  cover_protected || return
  entries remove "$HERE" "$@" || return
  there=$(entries print "$HERE" "$@") && [ -z "$there" ]
}

# kubeadm deletes below these folders by itself, through mounts that it failed to unmount (kubeadm before 1.30) and
# in /var/lib/etcd (which is protected here): so it runs secluded, after the same proof.
KUBEADM_DELETES='/var/lib/kubelet /etc/kubernetes /var/lib/cni /var/lib/dockershim /var/run/kubernetes'

# It opens these by name and deletes what is in them, wherever they lead: an admin's own link stays unfollowed.
KUBEADM_FOLLOWS='/etc/kubernetes/manifests /etc/kubernetes/pki'

kubeadm_reset() {
  command -v kubeadm >/dev/null || return 64
  for folder in $KUBEADM_FOLLOWS; do
    if [ -L "$folder" ]; then
      say "$folder is a link, and kubeadm would delete what it leads to; the files that matter are removed without it"
      return 75
    fi
  done
  secluded kubeadm_reset_secluded
}

kubeadm_may_delete() {
  for folder in $KUBEADM_DELETES; do
    [ -d "$folder" ] || continue
    guard "$folder" || return
    unmounted "$ROOT_REAL" || return 76
  done
}

kubeadm_reset_secluded() {
  kubeadm_may_delete || return
  cover_protected || return
  cover /var/lib/etcd || return # the member has its own step, and its data too
  if cni_is_shared; then
    cover /var/lib/cni || return # kubeadm before 1.24 empties it, leases of others included
  fi
  set -- --force --cri-socket "$CRI_SOCKET" --skip-phases=remove-etcd-member
  case $(timeout -k 1 20 kubeadm reset --help 2>/dev/null) in *--cleanup-tmp-dir*) set -- "$@" --cleanup-tmp-dir ;; esac
  timeout -k 10 180 kubeadm reset "$@"
}
# --- units and processes -----------------------------------------------------------------------------------------
# 76 where this machine is not to be changed, or lacks what makes deleting safe.
check_worker() {
  check_role || return
  for tool in readlink stat awk sort cut sed wc find rm unshare mount umount timeout systemctl; do
    command -v "$tool" >/dev/null || {
      say "refused: $tool is missing on this node, and without it deleting cannot be made safe"
      return 76
    }
  done
}

# (ALONE is set, to nothing, where the script is run by hand and has no options to speak of.)
# 76 where the containerd whose state is to be removed serves anybody but Kubernetes: running, stopped, or only images.
check_containerd_is_ours() {
  sharers=$(containerd_sharers) || {
    say "refused: what others keep in containerd could not be listed"
    return 76
  }
  [ -n "$sharers" ] || return 0
  say "refused: others use this containerd ($(printf '%s\n' "$sharers" | in_a_row))${ALONE-; with --allow-shared-runtime only the share of Kubernetes is removed}"
  return 76
}

# Whether it is loaded does not matter: a masked unit can run.
stop_unit() {
  case $(systemctl show -p ActiveState --value "$UNIT") in
    inactive | failed) return 64 ;;
    '')
      say "systemctl does not say whether $UNIT runs"
      return 1
      ;;
  esac
  timeout -k 5 90 systemctl stop "$UNIT" && return 0
  say "$UNIT does not stop; killing its processes"
  systemctl kill --signal=KILL "$UNIT"
  timeout -k 5 30 systemctl stop "$UNIT"
}

restart_unit() { timeout -k 5 90 systemctl restart "$1"; }

# Copies of what a reset removes and an admin may have put there himself, made once for a run: its second phase would
# find what the first has left, and cp would write through links that are among the copies.
backup() {
  (umask 077 && mkdir -p "$BACKUP") || return
  if [ ! -e "$BACKUP/complete" ]; then
    for path in /etc/kubernetes /etc/cni/net.d /var/lib/kubelet/config.json /var/lib/kubelet/seccomp; do
      [ ! -e "$path" ] || copy_path "$path" || return
    done
    save_firewall "$BACKUP" && : >"$BACKUP/complete" || return
  fi
  say "copies are in $BACKUP"
}

# Of a folder what is in it, also where its name is a link. What an earlier try that was cut off has copied makes way.
copy_path() {
  copy=$BACKUP$1
  from=$1
  [ ! -d "$1" ] || from=$1/.
  kilobytes=$(timeout -k 1 20 du -skx -- "$from" | cut -f1)
  if [ "${kilobytes:-999999}" -gt 65536 ]; then
    say "$1 is too large to be copied, so it is not in $BACKUP"
    return 1
  fi
  tries=0
  while [ -e "$copy" ] || [ -L "$copy" ]; do
    tries=$((tries + 1))
    [ -e "$copy.cut-off-$tries" ] || [ -L "$copy.cut-off-$tries" ] || mv -- "$copy" "$copy.cut-off-$tries" || return
  done
  umask 077
  if [ -d "$1" ]; then mkdir -p -- "$copy"; else mkdir -p -- "${copy%/*}"; fi && cp -a -x -- "$from" "$copy"
}

reload_units() {
  timeout 60 systemctl daemon-reload || return
  systemctl reset-failed kubelet.service containerd.service 2>/dev/null # fails where neither had failed
  systemctl enable --quiet kubelet.service
}

# Pods go while containerd and the CNI plugins are still there to take them down.
remove_pods() {
  command -v crictl >/dev/null || return 64
  pods=$(timeout -k 1 30 crictl -r "$CRI_SOCKET" --timeout 20s pods -q) || return
  [ -n "$pods" ] || return 64
  timeout -k 5 120 crictl -r "$CRI_SOCKET" --timeout 60s rmp -fa
}

# Containers survive containerd by design. They are found by kubelet's cgroups, then by being children of a shim of
# the namespace k8s.io; never by a pattern over command lines.
kill_pods() {
  found=64
  set -- /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/kubepods
  # Below each controller, in version 1; in version 2 these would be another node's, in a container of this one.
  [ -e /sys/fs/cgroup/cgroup.controllers ] || set -- "$@" /sys/fs/cgroup/*/kubepods.slice /sys/fs/cgroup/*/kubepods
  for group in "$@"; do
    [ ! -d "$group" ] || kill_group "$group"
  done
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    case $(readlink "$process/exe") in */containerd-shim-runc-v[12]*) ;; *) continue ;; esac # maybe " (deleted)"
    words=$(tr '\0' '\n' <"$process/cmdline")
    printf '%s\n' "$words" | grep -A1 -x -e -namespace | grep -q -x k8s.io || continue
    printf '%s\n' "$words" | grep -A1 -x -e -address | grep -q -x "${CRI_SOCKET#unix://}" || continue # k3s has its own
    found=0
    # What a container's first process leaves behind becomes a child of the shim.
    gone children_of "$pid"
    kill -9 "$pid"
  done
  # Only now are the cgroups empty. systemd takes its slice out of its own hierarchy; runc's of version 1 stay.
  case $(systemctl show -p ActiveState --value kubepods.slice) in
    active) timeout -k 5 60 systemctl stop kubepods.slice && found=0 ;;
  esac
  for group in "$@"; do
    [ ! -d "$group" ] || { find "$group" -depth -type d -exec rmdir {} + && found=0; }
  done
  return "$found"
}

# Kills all in cgroup $1 and below. Version 2 has a file for it from Linux 5.14 on; a frozen group of version 1 must thaw
# before its processes can die.
kill_group() {
  [ -n "$(pids_of "$1")" ] || return 0
  found=0
  if [ -w "$1/cgroup.kill" ]; then
    echo 1 >"$1/cgroup.kill"
  else
    find "$1" -name freezer.state | while IFS= read -r state; do echo THAWED >"$state"; done
  fi
  gone pids_of "$1"
}
pids_of() { find "$1" -name cgroup.procs -exec cat {} +; }
children_of() { # through cat, as processes come and go
  cat /proc/[0-9]*/status 2>/dev/null | awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }'
}

# Kills what the command prints until it prints nothing more, for 5 s at most: mounts are busy until processes are gone.
gone() {
  left=50
  while pids=$("$@") && [ -n "$pids" ] && [ "$left" -gt 0 ]; do
    for pid_to_kill in $pids; do kill -9 "$pid_to_kill"; done
    left=$((left - 1))
    sleep 0.1
  done
}
# --- control plane -----------------------------------------------------------------------------------------------
MANIFESTS=/etc/kubernetes/manifests

# Prints the file that makes this machine a control-plane node, where there is one.
control_plane_sign() {
  for manifest in kube-apiserver etcd kube-controller-manager kube-scheduler; do
    if [ -e "$MANIFESTS/$manifest.yaml" ]; then echo "$MANIFESTS/$manifest.yaml" && return; fi
  done
  # No worker has these, and they cannot be made again: manifests may be moved away for maintenance.
  for file in pki/ca.key pki/etcd/ca.key controller-manager.conf; do
    if [ -e "/etc/kubernetes/$file" ]; then echo "/etc/kubernetes/$file" && return; fi
  done
}

# 76 where this machine carries a control plane or etcd, unless that is allowed and another control-plane node is at work.
check_role() {
  sign=$(control_plane_sign)
  case $ALLOW_CONTROL_PLANE in
    yes) [ -z "$sign" ] || check_other_control_plane ;;
    *)
      [ -n "$sign" ] || sign=$(running_etcd)
      [ -n "$sign" ] || return 0
      say "refused: $sign is there, so this is or was a control-plane node (or one of etcd)${ALONE-; --allow-control-plane resets it}"
      return 76
      ;;
  esac
}

# Prints what runs of etcd in the machine's own network; an etcd in a pod's is the pod's.
running_etcd() {
  case $(systemctl show -p ActiveState --value etcd.service) in
    active | activating | reloading | deactivating) echo "the running unit etcd.service" && return ;;
  esac
  host=$(readlink /proc/1/ns/net)
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null && [ "$name" = etcd ] || continue
    [ "$(readlink "$process/ns/net")" = "$host" ] || continue
    # 2379 and 2380 in hexadecimal, state LISTEN
    if cat /proc/1/net/tcp /proc/1/net/tcp6 | awk '$2 ~ /:094[BC]$/ && $4 == "0A" { found = 1 } END { exit !found }'; then
      echo "the running etcd (process ${process#/proc/})" && return
    fi
  done
}

# 76 unless the API server has another control-plane node that is Ready, and that node's own API server answers: a Node
# stays Ready for most of a minute after its machine is gone.
check_other_control_plane() {
  cannot="refused: whether another control-plane node is at work cannot be told, and the last one is never reset:"
  [ -s /etc/kubernetes/admin.conf ] || {
    say "$cannot there is no /etc/kubernetes/admin.conf to ask with (a copy may be below /var/lib/kfleet/backup)"
    return 76
  }
  own=$(ip -o address show) && [ -n "$own" ] || {
    say "$cannot this machine's own addresses could not be listed"
    return 76
  }
  booted=$(cat /proc/sys/kernel/random/boot_id) && [ -n "$booted" ] || return 76
  port=$(sed -n 's/^ *- --secure-port=\([0-9][0-9]*\)$/\1/p' "$MANIFESTS/kube-apiserver.yaml" 2>/dev/null | head -n 1)
  nodes=
  for label in control-plane master; do
    answer=$(as_admin get nodes -l "node-role.kubernetes.io/$label" -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{" "}{.metadata.name}{" "}{.status.nodeInfo.bootID}{" "}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}' 2>&1) || {
      say "$cannot $(printf '%s\n' "$answer" | tail -n 1)"
      return 76
    }
    nodes="$nodes$answer
"
  done
  # What is at another address than ours is another machine, unless that address is translated to ours; machine ids are
  # copied along with disks, boot ids are not.
  seen=$(printf '%s' "$nodes" | sort -u | while read -r ready name boot address _; do
    [ "$ready" = True ] && [ -n "$address" ] && [ "$boot" != "$booted" ] || continue
    case $own in *" $address/"*) continue ;; esac
    case $address in *:*) address="[$address]" ;; esac
    answer=$(as_admin --server "https://$address:${port:-6443}" get --raw /readyz 2>/dev/null)
    [ "$answer" != ok ] || echo "$name"
  done)
  if [ -z "$seen" ]; then
    say "refused: no other control-plane node is Ready with an API server that answers, and the last one is never reset"
    return 76
  fi
  say "at work besides this one: $(printf '%s\n' "$seen" | tr '\n' ' ')"
}

as_admin() { timeout -k 1 20 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s "$@"; }

# Takes this node's member out of etcd, by kubeadm's own phase, while API server and etcd are still up. kubeadm ends well
# and may empty the data where it failed, or where this is the last member; so the data are covered, and what counts is its
# word that the cluster gave it a new list of members.
remove_etcd_member() {
  grep -q '^ *- --data-dir=/var/lib/etcd/*$' "$MANIFESTS/etcd.yaml" || {
    say "refused: $MANIFESTS/etcd.yaml is gone, or its data are not in /var/lib/etcd"
    return 76
  }
  said=$(secluded remove_etcd_member_secluded 2>&1)
  printf '%s\n' "$said"
  case $said in *"[etcd] Updated etcd member list"*) return 0 ;; esac
  say "this node's member was not removed from etcd, so nothing else is done: see 'etcdctl member list' on another node"
  return 1
}

remove_etcd_member_secluded() {
  cover_protected || return
  cover /var/lib/etcd || return
  timeout -k 10 180 kubeadm reset phase remove-etcd-member --kubeconfig /etc/kubernetes/admin.conf --v=1
}

# After its member is out: an etcd that still runs would write on.
remove_etcd_data() {
  still=$(running_etcd)
  [ -z "$still" ] || {
    say "$still is still at work, so /var/lib/etcd stays"
    return 75
  }
  remove
}
# --- leftovers: single files outside of Kubernetes' folders --------------------------------------------------------------
# What breaks the next kubelet or leads back to the cluster that is left is moved to $BACKUP, never deleted. A file that
# may not be touched stays and is told (75): unlike a folder to empty, it is no reason to refuse the whole reset.
DROPINS=/etc/systemd/system/kubelet.service.d
KUBECONFIG_FOLDER=/root/.kube

# 75 unless $2 in folder $1 is a file or a link, and the folder lies where its name says and holds nothing protected.
check_leftover() {
  if ! real "$1" || [ "$REAL" != "$1" ]; then
    say "$1 is a link or lies behind one, so $2 in it stays"
    return 75
  fi
  guard "$1" || {
    say "so $1/$2 stays"
    return 75
  }
  if [ ! -L "$1/$2" ] && [ ! -f "$1/$2" ]; then
    say "$1/$2 is no file, so it stays"
    return 75
  fi
}

# Does $1 with folder $2 and each of the names $3…, also where one of them stays; 64 where there is none.
each_leftover() {
  treat=$1
  folder=$2
  shift 2
  [ $# -gt 0 ] || return 64
  result=0
  for name in "$@"; do
    "$treat" "$folder" "$name" || result=$?
  done
  return "$result"
}

# Removes the name $2 from folder $1: of a link the link, and never more than one file.
drop_leftover() { secluded drop_leftover_secluded "$1" "$2"; }
drop_leftover_secluded() {
  check_leftover "$1" "$2" || return
  cover_protected || return
  rm -f -- "$1/$2" || return
  [ ! -e "$1/$2" ] && [ ! -L "$1/$2" ]
}

# Moves $2 of folder $1 to the backup as it is, a link as a link; its copy is compared before the name goes.
move_aside() {
  check_leftover "$1" "$2" || return
  copy=$BACKUP$1/$2
  # A copy is there where an earlier step made it, or this one before it was cut off; cp would write through a link.
  if [ ! -e "$copy" ] && [ ! -L "$copy" ]; then
    (umask 077 && mkdir -p -- "${copy%/*}") && rm -f -- "$copy.part" || return
    cp -a -- "$1/$2" "$copy.part" && mv -- "$copy.part" "$copy" || return
  fi
  same_file "$1/$2" "$copy" || {
    say "$copy is not what $1/$2 is, so that stays"
    return 1
  }
  drop_leftover "$1" "$2" || return
  say "moved $1/$2 to $copy"
}

same_file() {
  if [ -L "$1" ]; then
    [ -L "$2" ] && target=$(readlink -- "$1" && printf x) && [ "$target" = "$(readlink -- "$2" && printf x)" ]
  else
    [ ! -L "$2" ] && sum=$(cksum <"$1") && [ -n "$sum" ] && [ "$sum" = "$(cksum <"$2")" ]
  fi
}

# Whether file $1 has lines and no section header among them: systemd ignores all of it ("Assignment outside of section").
sectionless() {
  timeout -k 1 10 awk 'NR == 1 { sub(/^\357\273\277/, "") } /^[ \t]*\[/ { section = 1 } !/^[ \t\r]*([#;]|$)/ { lines = 1 } END { exit !(lines && !section) }' "$1"
}

# Names of drop-ins that break the kubelet: the two files by which the shell script before kfleet wanted to help a join
# (kubelet's flags from kubeadm are lost by them), and those without any section. kubeadm's own file is never one of them.
broken_dropins() {
  for name in 20-bootstrap-kubeadm.conf kubelet-bootstrap-wrapper.sh; do
    if [ -e "$DROPINS/$name" ] || [ -L "$DROPINS/$name" ]; then echo "$name"; fi
  done
  for file in "$DROPINS"/*.conf; do
    name=${file##*/}
    case $name in 10-kubeadm.conf | 20-bootstrap-kubeadm.conf | *[!A-Za-z0-9._@-]*) continue ;; esac
    if [ -f "$file" ] && sectionless "$file"; then echo "$name"; fi
  done
}

# shellcheck disable=SC2046 # plain names
move_dropins() { each_leftover move_aside "$DROPINS" $(broken_dropins); }

# Prints the server of kubeconfig $1, a space and its CA's data, where it names one cluster only; else fails.
cluster_of() {
  timeout -k 1 10 awk '
    function value() { sub(/^[^:]*:/, ""); gsub(/[" \t\r\047]/, ""); return $0 }
    /^[ \t-]*cluster:[ \t\r]*$/ { clusters++ }
    /^[ \t-]*server:/ { servers++; server = value() }
    /^[ \t-]*certificate-authority-data:/ { ca = value() }
    END { if (clusters != 1 || servers != 1 || server == "") exit 1; print server, ca }' "$1"
}

# Whether root's kubeconfig leads to the cluster of this node: the same server, and the same CA where both have one.
kubeconfig_is_of_this_cluster() {
  [ -f "$KUBECONFIG_FOLDER/config" ] && theirs=$(cluster_of "$KUBECONFIG_FOLDER/config") || return 1
  for own in kubelet bootstrap-kubelet admin; do
    [ -f "/etc/kubernetes/$own.conf" ] && ours=$(cluster_of "/etc/kubernetes/$own.conf") || continue
    [ "${theirs%% *}" = "${ours%% *}" ] || continue
    [ -z "${theirs#* }" ] || [ -z "${ours#* }" ] || [ "${theirs#* }" = "${ours#* }" ] || continue
    return 0
  done
  return 1
}

# Before kubelet.conf goes, by which it is told.
move_kubeconfig() {
  if [ ! -e "$KUBECONFIG_FOLDER/config" ] && [ ! -L "$KUBECONFIG_FOLDER/config" ]; then return 64; fi
  kubeconfig_is_of_this_cluster || {
    say "$KUBECONFIG_FOLDER/config stays: it leads to another cluster or to several, or whether it does could not be told"
    return 64
  }
  move_aside "$KUBECONFIG_FOLDER" config || return
  [ -L "$copy" ] || chmod 600 "$copy"
}

# Names of what the shell script before kfleet left in /tmp: its log and the join command, both with a token in them.
# Others' files there are told by their owner.
tmp_leftovers() {
  for file in /tmp/kubeadm_join_wrapper.sh \
    /tmp/kubeadm-join-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9].log; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ "$(stat -c %u -- "$file")" = 0 ] || continue
    echo "${file##*/}"
  done
}

# shellcheck disable=SC2046 # plain names
remove_tmp_leftovers() { each_leftover drop_leftover /tmp $(tmp_leftovers); }

# The same for the probe, a line each.
leftover_residue() {
  for name in $(broken_dropins); do echo "$DROPINS/$name, which breaks the kubelet"; done
  ! kubeconfig_is_of_this_cluster || echo "$KUBECONFIG_FOLDER/config, which leads to the cluster that is left"
  for name in $(tmp_leftovers); do echo "/tmp/$name"; done
}
# --- network -----------------------------------------------------------------------------------------------------
# Prints the device over which the workstation is connected, where the node was told who is connected.
ssh_device() {
  [ -n "${KFLEET_PEER-}" ] || return 0
  route=$(ip -o route get "${KFLEET_PEER%% *}") || return
  printf '%s\n' "$route" | sed -n 's/.* dev \([^ ]*\).*/\1/p'
}

# 0 where CNI also serves others than Kubernetes (podman, nerdctl): a config that no add-on of Kubernetes' writes.
cni_is_shared() {
  for file in /etc/cni/net.d/*; do
    [ -f "$file" ] || continue
    case " $CNI_CONFIGS " in *" ${file##*/} "*) ;; *) return 0 ;; esac
  done
  return 1
}

# host-local's leases and the library's results, unless others have theirs there too.
remove_cni_state() {
  if cni_is_shared; then
    say "others use CNI on this node too, so /var/lib/cni stays"
    return 64
  fi
  remove_entries "$@"
}

# Interfaces of pod networks, exactly by name, by their plugin's pattern, or by their master; order: ends before bridges.
pod_links() {
  for path in /sys/class/net/*; do
    link=${path##*/}
    case $link in
      cali[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]) echo "$link" ;;
      # Cilium's ends of pods' pairs are on no bridge; LXC's are, and are called alike at most by chance.
      lxc[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f])
        [ ! -e /sys/class/net/cilium_host ] || [ -e "$path/master" ] || echo "$link"
        ;;
      veth*)
        case $(readlink "$path/master") in */cni0 | */cbr0 | */kube-bridge | */weave) echo "$link" ;; esac
        ;;
    esac
  done
  for link in "$@"; do
    [ ! -e "/sys/class/net/$link" ] || echo "$link"
  done
}

# Prints device $1 and, by $2, all that it rests on (lower_*) or is a port of (master).
stacked() (
  echo "$1"
  [ "$3" -gt 0 ] || return 0
  # shellcheck disable=SC2231 # $2 is a pattern
  for next in "/sys/class/net/$1"/$2; do
    [ -e "$next" ] || continue
    next=$(readlink "$next") && stacked "${next##*/}" "$2" "$(($3 - 1))" || return
  done
)

# Whether the way back to the workstation is a route that goes with Calico: one that its bird has learned.
ssh_route_is_calico_s() {
  [ -n "${KFLEET_PEER-}" ] && calico_was_here || return 1
  case "$(ip -o route get fibmatch "${KFLEET_PEER%% *}" 2>/dev/null) " in
    *' proto bird '* | *' proto 12 '* | *' proto 80 '*) return 0 ;;
  esac
  return 1
}

# 76 where the connection itself runs over an interface that would be deleted, be it below a VLAN or a bridge.
check_ssh_device() {
  if ssh_route_is_calico_s; then
    say "refused: the way back to ${KFLEET_PEER%% *} is a route that Calico's bird has learned, and it would go with Calico's routes"
    return 76
  fi
  device=$(ssh_device) && devices=$([ -z "$device" ] || { stacked "$device" 'lower_*' 8 && stacked "$device" master 8; }) || {
    say "refused: over which device this connection runs could not be told"
    return 76
  }
  for link in $(pod_links "$@") $(calico_tunnel); do
    case "
$devices
" in *"
$link
"*)
      say "refused: this connection runs over $device, and the reset would take $link away"
      return 76
      ;;
    esac
  done
}

delete_links() {
  check_ssh_device "$@" || return
  done_any=64
  forget_calico || return
  services=$(count_ipvs /proc/net/ip_vs) || return
  for link in $(pod_links "$@"); do
    [ -e "/sys/class/net/$link" ] || continue # went with its peer
    case " $IPVS_LINKS " in
      *" $link "*) [ "$services" -eq 0 ] || continue ;; # by its addresses the next run knows whose services they are
    esac
    say "deleting $link"
    timeout -k 5 30 ip link delete "$link" || return
    done_any=0
  done
  return "$done_any"
}

# --- what Calico leaves in the routes ---------------------------------------------------------------------------------
# Its files are removed after all this, or a second run could not tell any more whose the routes are.
calico_was_here() {
  for folder in /var/lib/calico /run/calico; do
    if [ -d "$folder" ] && [ -n "$(ls -A -- "$folder")" ]; then return 0; fi
  done
  for link in $(pod_links vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali); do
    case $link in cali* | *.cali*) return 0 ;; esac
  done
  return 1
}

# An admin's bird has routes of the same kind; Calico's own is gone with its pod.
bird_runs() {
  for file in /proc/[0-9]*/comm; do
    case $(cat "$file" 2>/dev/null) in bird | bird6) return 0 ;; esac
  done
  return 1
}

# Calls $1 with what selects Calico's routes: bird's (12), and of Felix (80) those to no device, as others go with theirs.
each_calico_route() {
  calico_was_here || return 0
  for family in -4 -6; do
    bird_runs || "$1" "$family" proto 12 || return
    "$1" "$family" type blackhole proto 80 || return
  done
}

# Prints routes; where IPv6 is off there are none.
show_routes() {
  protocol=$1
  shift
  ip -o "$protocol" route show "$@" 2>/dev/null || [ "$protocol" = -6 ]
}

flush_routes() {
  shown=$(show_routes "$@") || return
  [ -n "$shown" ] || return 0
  say "removing Calico's routes ($*)"
  protocol=$1
  shift
  ip "$protocol" route flush "$@" && done_any=0
}

# tunl0, where Calico's address is on it. It belongs to the module ipip and cannot be deleted.
calico_tunnel() {
  [ -e /sys/class/net/tunl0 ] && calico_was_here || return 0
  [ -z "$(ip -o -4 address show dev tunl0)" ] || echo tunl0
}

forget_calico() {
  if [ -n "$(calico_tunnel)" ]; then
    say "taking the addresses of tunl0 away"
    ip address flush dev tunl0 && ip link set dev tunl0 down && done_any=0 || return
  fi
  each_calico_route flush_routes
}

residue_calico() {
  routes=$(each_calico_route show_routes) || return
  [ -z "$routes" ] || echo "$(printf '%s\n' "$routes" | wc -l) routes of Calico"
  tunnel=$(calico_tunnel) || return
  [ -z "$tunnel" ] || echo "Calico's address on $tunnel"
}
# --- network namespaces of pods -----------------------------------------------------------------------------------
# The files that containerd mounts them on: cni- and 16 random bytes, spelled like a UUID. Older podman calls its own
# the same, so where CNI is shared it cannot be told whose they are, and they stay.
pod_netns() {
  [ -d /run/netns ] && ! cni_is_shared || return 0
  for file in /run/netns/cni-*; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ ! -s "$file" ] || continue # nothing else is ever a mount point of theirs
    printf '%s\n' "${file##*/}" | awk '
      function hex(s, n) { return length(s) == n && s !~ /[^0-9a-f]/ }
      { n = split($0, part, "-") }
      n == 6 && hex(part[2], 8) && hex(part[3], 4) && hex(part[4], 4) && hex(part[5], 4) && hex(part[6], 12)'
  done
}

# Prints a process that lives in the namespace mounted on $1, if one does.
netns_process() {
  inode=$(stat -Lc %i -- "$1") || return
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/net")" != "net:[$inode]" ] || { echo "${process#/proc/}" && return; }
  done
}

# Unmounts and removes them, each once nobody lives in it. The guard looks at the folder; what else is in it stays, so
# mounted or not.
remove_pod_netns() {
  locate "$ROOT" || return
  names=$(pod_netns) || return
  [ -n "$names" ] || return 64
  guard "$ROOT" || return
  kept=0
  for name in $names; do
    process=$(netns_process "$HERE/$name") || return
    if [ -n "$process" ]; then
      say "the network namespace $name stays: process $process ($(cat "/proc/$process/comm")) lives in it"
      kept=1
      continue
    fi
    while mounted_at "$HERE/$name"; do
      timeout -k 1 20 umount -- "$HERE/$name" || return
    done
    secluded remove_netns_file "$ROOT" "$name" || return
  done
  return "$kept"
}

# Whether something is mounted on $1 itself; names of such files hold nothing that mountinfo would escape.
mounted_at() { X=$1 awk -F '[ ]' '$5 == ENVIRON["X"] { found = 1 } END { exit !found }' /proc/self/mountinfo; }

# Only the empty file that was the mount point.
remove_netns_file() {
  locate "$1" && guard "$1" && cover_protected || return
  if mounted_at "$HERE/$2" || [ -L "$HERE/$2" ] || [ ! -f "$HERE/$2" ] || [ -s "$HERE/$2" ]; then
    say "$HERE/$2 is no empty file, so it stays"
    return 75
  fi
  rm -f -- "${HERE:?}/${2:?}"
}

residue_netns() {
  count=$(pod_netns | wc -l) || return
  [ "$count" -eq 0 ] || echo "$count network namespaces of pods in /run/netns"
}
# --- firewall ----------------------------------------------------------------------------------------------------
# From iptables-save on stdin: per table one transaction that empties our chains, deletes every jump to them from
# chains of others, and then deletes them. -F and -X alone fail while a jump remains. Chains and jumps are compared as
# parsed words: a user's rule whose comment mentions KUBE- stays. Calico and older flannel also put rules without a jump
# into chains of others; these are known by a comment of their own that is nothing else, and go too.
# CNI- chains are podman's as well: they stay where CNI is shared.
purge_script() {
  if cni_is_shared; then shared=1; else shared=0; fi
  awk -v shared="$shared" '
    function ours(chain) {
      if (chain ~ /^CNI-/) return !shared
      return chain ~ /^(KUBE-|FLANNEL-|cali-|CILIUM_|OLD_CILIUM_|WEAVE-)/ || chain == "WEAVE"
    }
    function signed(rule) { return rule ~ / --comment "(cali:[A-Za-z0-9_-]+|flanneld (masq|forward))" / }
    /^\*/ { table = $0; chains = 0; jumps = 0 }
    /^:/ { chain = substr($1, 2); if (ours(chain)) ours_here[++chains] = chain }
    /^-A / && !ours($2) && signed($0 " ") { jump[++jumps] = "-D" substr($0, 3); next }
    /^-A / && !ours($2) {
      words = $0
      gsub(/"([^"\\]|\\.)*"/, "\"\"", words)
      n = split(words, word, " ")
      for (i = 3; i < n; i++) if ((word[i] == "-j" || word[i] == "-g") && ours(word[i + 1])) { jump[++jumps] = "-D" substr($0, 3); break }
    }
    /^COMMIT/ && chains + jumps {
      print table
      for (i = 1; i <= chains; i++) print ":" ours_here[i] " - [0:0]"
      for (i = 1; i <= jumps; i++) print jump[i]
      for (i = 1; i <= chains; i++) print "-X " ours_here[i]
      print "COMMIT"
    }'
}

# The backends whose rules can be read. Each is blind to the other, so both are asked where both are installed; the plain
# names are the same as one of them, and count only where they stand alone.
firewall_tools() {
  for tool in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy iptables ip6tables; do
    command -v "$tool-save" >/dev/null || continue
    case $tool in
      iptables | ip6tables) if command -v "$tool-nft-save" >/dev/null; then continue; fi ;;
    esac
    echo "$tool"
  done
}

# Prints the rules of backend $1.
saved_rules() {
  "$1-save" || {
    say "$1-save failed, so its chains were not looked at"
    return 1
  }
}

# Gives rules on stdin to backend $1.
restore_rules() {
  case $1 in
    *-nft) timeout -k 5 120 "$1-restore" ${2+"$2"} ;;
    *) timeout -k 5 120 "$1-restore" ${2+"$2"} -w 10 ;;
  esac
}

purge_chains() {
  done_any=64
  for tool in $(firewall_tools); do
    command -v "$tool-restore" >/dev/null || continue
    rules=$(saved_rules "$tool") || return
    script=$(printf '%s\n' "$rules" | purge_script)
    [ -n "$script" ] || continue
    say "$tool: removing $(printf '%s\n' "$script" | grep -c '^-X') chains"
    printf '%s\n' "$script" | restore_rules "$tool" --noflush || return
    done_any=0
  done
  return "$done_any"
}

# Rules go before the sets that they use. What is not there is no failure.
purge_firewall() {
  purged=64
  for part in purge_nft_tables purge_chains purge_ipsets purge_ipvs; do
    "$part"
    rc=$?
    case $rc in 0) purged=0 ;; 64) ;; *) return "$rc" ;; esac
  done
  return "$purged"
}

# Backend and number of our chains, for each backend that has some.
count_chains() {
  for tool in $(firewall_tools); do
    rules=$(saved_rules "$tool") || return
    script=$(printf '%s\n' "$rules" | purge_script)
    [ -n "$script" ] || continue
    count=$(printf '%s\n' "$script" | grep -c '^-X')
    [ "$count" -gt 0 ] || count=$(printf '%s\n' "$script" | grep -c '^-D') # rules without a chain
    echo "$tool $count"
  done
}
# --- runtime: looks at containerd, changes nothing -------------------------------------------------------------
# ctr in namespace $1. Before 2.0 it waits for a socket that is not there.
ctr_in() {
  if [ ! -S "${CRI_SOCKET#unix://}" ]; then
    echo "containerd has no socket, so it does not run" >&2
    return 1
  fi
  timeout -k 1 30 ctr --connect-timeout 5s --address "${CRI_SOCKET#unix://}" --namespace "$@"
}

# What crictl answers to $1…; where that is more than anybody reads it is cut off, and 141.
ask_cri() {
  {
    asked=$({ {
      { timeout -k 1 15 crictl -r "$CRI_SOCKET" --timeout 10s "$@"; echo $? >&3; } 2>&1 >&4 | tail -c 4096 >&6
    } 4>&1 | {
      head -c 1048576 >&5
      [ "$(head -c 1 | wc -c)" -eq 0 ] || echo 141 >&3
    }; } 3>&1)
  } 5>&1 6>&2
  case $asked in *141*)
    echo "crictl $1 printed more than 1 MiB" >&2
    return 141
    ;;
  esac
  return "${asked:-1}"
}

# Prints who besides Kubernetes has something in this containerd, a line each; fails where that could not be listed. A
# containerd that does not answer is judged by its folders and metadata.
containerd_sharers() {
  moved=$(moved_folders @containerd-state && moved_folders @containerd-root) || return
  kept=$(printf '%s\n' /run/containerd /var/lib/containerd "$moved" | while IFS= read -r top; do
    for folder in "$top"/io.containerd.runtime.v*/*; do
      [ -d "$folder" ] && [ "${folder##*/}" != k8s.io ] && [ -n "$(ls -A -- "$folder")" ] || continue
      echo "containers of ${folder##*/}"
    done
    [ -e "$top/io.containerd.metadata.v1.bolt/meta.db" ] || continue
    grep -qaE 'moby|buildkit|nerdctl' "$top/io.containerd.metadata.v1.bolt/meta.db" 2>/dev/null
    case $? in 1) ;; *) echo '?' ;; esac # what cannot be read may name anybody
  done)
  printf '%s\n' "$kept" | sed -e '/^?$/d' -e '/^$/d'
  case $(systemctl show -p ActiveState --value docker.service) in
    inactive | failed) ;;
    *) echo "Docker, which is running, or whether it is could not be told" ;;
  esac
  if names=$(ctr_in k8s.io namespaces ls -q 2>/dev/null); then
    for name in $names; do
      [ "$name" != k8s.io ] || continue
      for kind in containers images content leases; do
        things=$(ctr_in "$name" "$kind" ls -q) || return
        [ -z "$things" ] || echo "$kind of $name"
      done
    done
  else
    case $kept in *'?'*) echo "Docker, BuildKit or nerdctl, whose names are in its metadata" ;; esac
  fi
}

# Lines as one list for people, each once.
in_a_row() { sort -u | sed -n 'H; ${ x; s/^\n//; s/\n/, /g; p; }'; }

# Prints what in containerd is Kubernetes', as "kind name" or "snapshots/snapshotter name"; fails where one kind could
# not be listed.
kubernetes_share() {
  for kind in tasks containers images content leases; do
    things=$(ctr_in k8s.io "$kind" ls -q) || return
    list_as "$kind"
  done
  if ctr --help | grep -q sandboxes; then # from 1.7 on
    things=$(ctr_in k8s.io sandboxes ls) || return
    things=$(printf '%s\n' "$things" | awk 'NR > 1 { print $1 }')
    list_as sandboxes
  fi
  plugins=$(ctr_in k8s.io plugins ls) || return
  for snapshotter in $(printf '%s\n' "$plugins" | awk '$1 ~ /snapshotter/ && $NF == "ok" { print $2 }'); do
    things=$(ctr_in k8s.io snapshots --snapshotter "$snapshotter" ls) || return
    things=$(printf '%s\n' "$things" | awk 'NR > 1 { print $1 }')
    list_as "snapshots/$snapshotter"
  done
}
list_as() { [ -z "$things" ] || printf '%s\n' "$things" | sed "s|^|$1 |"; }

# From a merged config (`containerd config dump`): prints the names of CRI's runtimes that are runc and do not use systemd
# for cgroups. Without a type a runtime does not work at all: a drop-in of 1.x replaces the whole section.
cgroupfs_in_dump() {
  awk '
    /^disabled_plugins/ && /["\047]cri["\047]|grpc\.v1\.cri|cri\.v1\.runtime/ { print "all of CRI, which is disabled" }
    /^ *\[/ {
      name = ""
      sub(/^ */, ""); sub(/\] *$/, "")
      if (!sub(/^\[plugins\..?(cri|io\.containerd\.grpc\.v1\.cri|io\.containerd\.cri\.v1\.runtime).?\.containerd\./, "")) next
      options = sub(/\.options$/, "")
      listed = sub(/^runtimes\./, "")
      name = $0
    }
    name != "" && !options && $1 == "runtime_type" {
      if ($3 ~ /io\.containerd\.runc\.v[12]/ || (listed && length($3) == 2)) runc[name] = 1
    }
    name != "" && options && $1 == "SystemdCgroup" && $3 == "true" { systemd[name] = 1 }
    END {
      for (name in runc) { some = 1; if (!(name in systemd)) print name }
      if (!some) print "runc, which CRI does not have"
    }'
}

# The same from `crictl info`; 2 where that shows no runtimes, 1 where it is far longer than any: each line that is added to
# the others copies them all.
cgroupfs_in_info() {
  awk '
    length(all) < 200000 { gsub(/[ \t]/, ""); all = all $0 }
    END {
      if (length(all) >= 200000) exit 1
      n = split(all, part, /"runtimeType":/)
      for (i = 2; i <= n; i++) {
        if (part[i] !~ /^"io\.containerd\.runc\.v[12]"/) continue
        some = 1
        if (part[i] ~ /"SystemdCgroup":true/) continue
        match(part[i - 1], /"[^"]*":\{$/)
        print substr(part[i - 1], RSTART + 1, RLENGTH - 4)
      }
      exit some ? 0 : 2
    }'
}

# The same of the config as it is, which the next start uses, and of the containerd that runs. Where crictl does not show
# what that uses, it is the same if it was started after the config was written.
cgroupfs_in_use() {
  dump=$(containerd_dump) || return
  printf '%s\n' "$dump" | cgroupfs_in_dump
  if command -v crictl >/dev/null; then
    info=$(ask_cri info) || return
    printf '%s\n' "$info" | cgroupfs_in_info
    case $? in 2) ;; *) return ;; esac
  fi
  [ -f /etc/containerd/config.toml ] || return 0
  since=$(systemctl show -p ExecMainStartTimestampMonotonic --value containerd.service) &&
    written=$(stat -Lc %Y /etc/containerd/config.toml) || return
  awk -v now="$(date +%s)" -v since="$since" -v written="$written" '
    { exit !(since > 0 && now - $1 + since / 1000000 + 1 >= written) }' /proc/uptime || {
    echo "containerd was started before its config was written, and crictl does not show what it uses" >&2
    return 1
  }
}
# --- share: Kubernetes' part of a containerd that serves others too ---------------------------------------------
# Only containerd can tell whose is what; and it must be started again if its config changes, which others may not like.
check_shared_containerd() {
  ctr_in k8s.io namespaces ls -q >/dev/null || {
    say "refused: containerd does not answer, so Kubernetes' share of it cannot be told from that of others"
    return 76
  }
  for unit in $(systemctl show -p RequiredBy -p BoundBy -p ConsistsOf --value containerd.service); do
    case $unit in kubelet.service) continue ;; esac
    case $(systemctl show -p ActiveState --value "$unit") in inactive | failed) continue ;; esac
    say "refused: a restart of containerd stops $unit, and what that runs"
    return 76
  done
}

# Tasks first, as a container with one cannot be removed; images and leases before what only they hold; in the end
# containerd's own garbage collection takes what nobody refers to, in any namespace.
remove_share() {
  share=$(kubernetes_share) || {
    say "what Kubernetes has in containerd could not be listed"
    return 1
  }
  found=64
  if [ -n "$share" ]; then
    found=0
    each tasks tasks rm --force
    each containers containers rm
    each sandboxes sandboxes rm --force
    each leases leases rm
    each images images rm
    collect_garbage
    share=$(kubernetes_share) || return
    # What is labelled to stay: a snapshot goes after those that build on it, a layer in each round.
    before=
    while case $share in "$before") false ;; *snapshots/*) ;; *) false ;; esac do
      before=$share
      for snapshotter in $(printf '%s\n' "$share" | sed -n 's|^snapshots/\([^ ]*\) .*|\1|p' | sort -u); do
        each "snapshots/$snapshotter" snapshots --snapshotter "$snapshotter" rm
      done
      share=$(kubernetes_share) || return
    done
    each content content rm
    collect_garbage
  fi
  unmount_share || return
  share=$(kubernetes_share) || return
  if [ -n "$share" ]; then
    say "still in containerd of Kubernetes': $(printf '%s\n' "$share" | head -n 5 | in_a_row)"
    return 1
  fi
  return "$found"
}

# Removes all of kind $1 in $share by the command that follows; what fails is found by looking again.
each() {
  kind=$1
  shift
  printf '%s\n' "$share" | sed -n "s|^$kind ||p" | while IFS= read -r thing; do
    ctr_in k8s.io "$@" "$thing" >/dev/null
  done
}

# A lease that ends with --sync waits for the collector.
collect_garbage() {
  ctr_in k8s.io leases create --id "kfleet-$$" >/dev/null && ctr_in k8s.io leases rm --sync "kfleet-$$" >/dev/null
}

# What containers that containerd lost track of have left mounted in folders that are Kubernetes' alone.
unmount_share() {
  # shellcheck disable=SC2034 # ROOT and LAZY are for unmount_in
  for ROOT in /run/containerd/io.containerd.runtime.v2.task/k8s.io /run/containerd/io.containerd.grpc.v1.cri; do
    (LAZY=yes each_folder unmount_in)
    rc=$?
    case $rc in 0 | 64) ;; *) return "$rc" ;; esac
  done
}
# --- nftables ----------------------------------------------------------------------------------------------------
# Tables of kube-proxy, flannel and Calico, by exact family and name; `flush ruleset` would take everybody's. Where the
# tool is missing nothing can be seen nor removed.
NFT_TABLES='ip kube-proxy
ip6 kube-proxy
ip flannel-ipv4
ip6 flannel-ipv6
ip calico
ip6 calico'
# Of the CNI plugins, which podman and nerdctl use as well.
NFT_CNI_TABLES='inet cni_plugins_masquerade
inet cni_hostport'

# Those that are there, as "family name".
our_nft_tables() {
  command -v nft >/dev/null || return 0
  listed=$(timeout -k 1 20 nft list tables) || {
    say "nft does not list its tables"
    return 1
  }
  wanted=$NFT_TABLES
  cni_is_shared || wanted="$wanted
$NFT_CNI_TABLES"
  printf '%s\n' "$listed" | WANTED=$wanted awk '
    BEGIN { n = split(ENVIRON["WANTED"], names, "\n"); for (i = 1; i <= n; i++) ours["table " names[i]] = 1 }
    ($0 in ours) { print substr($0, 7) }'
}

# All of them in one transaction.
purge_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -n "$tables" ] || return 64
  say "nftables: removing the tables $(printf '%s\n' "$tables" | paste -s -d , -)"
  printf '%s\n' "$tables" | sed 's/^/delete table /' | timeout -k 5 60 nft -f -
}

# As text for `nft -f` that puts exactly these tables back, also over what has come in their place.
save_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -n "$tables" ] || return 0
  printf '%s\n' "$tables" | while read -r family name; do
    printf 'add table %s %s\ndelete table %s %s\n' "$family" "$name" "$family" "$name"
    timeout -k 1 60 nft list table "$family" "$name" || exit 1
  done
}

residue_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -z "$tables" ] || printf '%s\n' "$tables" | sed 's/^/nftables table /'
}
# --- ipsets ------------------------------------------------------------------------------------------------------
# Sets of kube-proxy and kube-router (IPv6 ones behind inet6:), Calico, Weave and Cilium, by the names in their sources.
our_ipsets() {
  command -v ipset >/dev/null || return 0
  if ! names=$(timeout -k 1 20 ipset list -n 2>&1); then
    case $names in *"Cannot open session to kernel"*) return 0 ;; esac # a kernel without ipsets has none
    say "ipset does not list its sets: $names"
    return 1
  fi
  printf '%s\n' "$names" | awk '
    /^(inet6:)?(KUBE-|kube-router-)[A-Za-z0-9_:.-]+$/ { print; next }
    /^(cali[46][0t]|weave-)[^ *?]+$/ || /^(weaver-no-masq-local|cilium_node_set_v[46])$/'
}

# After the rules that use them; the kernel lets go of a rule's sets a moment after the rule. What a rule or a set of
# somebody else uses cannot be removed.
purge_ipsets() {
  set -f # names are words here, never patterns
  sets=$(our_ipsets) || return
  [ -n "$sets" ] || return 64
  say "removing $(printf '%s\n' "$sets" | wc -l) ipsets"
  left=20
  while [ "$left" -gt 0 ]; do
    for set in $sets; do
      why=$(timeout -k 1 20 ipset destroy "$set" 2>&1)
    done
    sets=$(our_ipsets) || return
    [ -n "$sets" ] || return 0
    left=$((left - 1))
    sleep 0.1
  done
  say "these ipsets stay, as a rule or a set of somebody else uses them: $(printf '%s\n' "$sets" | paste -s -d ' ' -) ($why)"
}

# As text for `ipset restore`; lists of sets come after their members in it.
save_ipsets() {
  sets=$(our_ipsets) || return
  [ -n "$sets" ] || return 0
  all=$(timeout -k 1 60 ipset save) || return
  printf '%s\n' "$all" | SETS=$sets awk '
    BEGIN { n = split(ENVIRON["SETS"], names, "\n"); for (i = 1; i <= n; i++) ours[names[i]] = 1 }
    ($2 in ours)'
}

residue_ipsets() {
  sets=$(our_ipsets) || return
  [ -z "$sets" ] || printf '%s\n' "$sets" | awk '{ names = names " " $0 } NR == 3 { some = names " …" }
    END { print "ipsets:" (NR > 3 ? some " (" NR ")" : names) }'
}
# --- IPVS --------------------------------------------------------------------------------------------------------
# Virtual services of kube-proxy and kube-router are those whose address lies on their dummy interface. Others are
# keepalived's or an admin's; and so may be one on the node's own address (a node port), so these stay.
IPVS_LINKS='kube-ipvs0 kube-dummy-if'

ipvs_addresses() {
  for link in $IPVS_LINKS; do
    [ -e "/sys/class/net/$link" ] || continue
    shown=$(ip -o address show dev "$link") || return
    printf '%s\n' "$shown" | awk '$3 ~ /^inet/ { sub(/\/.*/, "", $4); print $4 }'
  done
}

# From `ipvsadm -Sn` on stdin: our services and their servers.
our_ipvs() {
  addresses=$(ipvs_addresses) || return
  ADDRESSES=$addresses awk '
    BEGIN { n = split(ENVIRON["ADDRESSES"], list, "\n"); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
    $2 == "-t" || $2 == "-u" || $2 == "--sctp-service" {
      address = $3; sub(/:[0-9]+$/, "", address); gsub(/\[|\]/, "", address)
      if (address in ours) print
    }'
}

# Number of our services in file $1, which is the kernel's own list: it needs no tool.
count_ipvs() {
  [ -f "$1" ] || { echo 0 && return; }
  addresses=$(ipvs_addresses) || return
  ADDRESSES=$addresses awk '
    function spelled(a, part, n, i, left, out) {
      if (a !~ /:/) { split(a, part, "."); return sprintf("%02X%02X%02X%02X", part[1], part[2], part[3], part[4]) }
      n = split(a, part, ":")
      for (i = 1; i <= n; i++) if (part[i] != "") left++
      for (i = 1; i <= n; i++) {
        if (part[i] != "") out = out ":" substr("0000" part[i], length(part[i]) + 1)
        else if (left < 8) while (left < 8) { out = out ":0000"; left++ }
      }
      return "[" substr(out, 2) "]"
    }
    BEGIN { n = split(ENVIRON["ADDRESSES"], list, "\n"); for (i = 1; i <= n; i++) ours[spelled(list[i])] = 1 }
    $1 == "TCP" || $1 == "UDP" || $1 == "SCTP" { address = $2; sub(/:[0-9A-F]+$/, "", address); count += address in ours }
    END { print count + 0 }' "$1"
}

purge_ipvs() {
  count=$(count_ipvs /proc/net/ip_vs) || return
  [ "$count" -gt 0 ] || return 64
  if ! command -v ipvsadm >/dev/null; then
    say "$count virtual services of Kubernetes stay in IPVS, and the interface with their addresses too: ipvsadm is missing"
    return 64
  fi
  services=$(save_ipvs) || return
  say "IPVS: removing $count virtual services"
  printf '%s\n' "$services" | while read -r what kind address rest; do
    [ "$what" != -A ] || timeout -k 1 20 ipvsadm -D "$kind" "$address" || exit 1
  done
}

# As lines for ipvsadm, services before their servers.
save_ipvs() {
  [ -f /proc/net/ip_vs ] && command -v ipvsadm >/dev/null || return 0
  services=$(timeout -k 1 20 ipvsadm -Sn) || return
  printf '%s\n' "$services" | our_ipvs
}

# Those saved in folder $1 that are not there.
restore_ipvs() {
  [ -s "$1/ipvs.services" ] || return 0
  now=$(ipvsadm -Sn) || return
  while read -r line; do
    ! printf '%s\n' "$now" | grep -q -F -x -e "$line" || continue
    # shellcheck disable=SC2086 # a line is the arguments
    timeout -k 1 20 ipvsadm $line || return
  done <"$1/ipvs.services"
}

residue_ipvs() {
  count=$(count_ipvs /proc/net/ip_vs) || return
  [ "$count" -eq 0 ] || echo "$count IPVS services of kube-proxy"
}
# --- disarm: takes back the timer that would take the firewall change back ---------------------------------------------
# While it is armed, /run/kfleet/firewall/armed is there. Whoever renames that file has won: the timer's script, which
# then restores the old rules, or kfleet, which has shown by coming that the new ones let it in.
FIREWALL=/run/kfleet/firewall

# Says how it stands: none, disarmed, fired, or failed where the old rules could not all be restored.
disarm_firewall() {
  state=none
  if mv -- "$FIREWALL/armed" "$FIREWALL/disarmed" 2>/dev/null || [ -e "$FIREWALL/disarmed" ]; then
    state=disarmed
  elif [ -e "$FIREWALL/fired" ]; then
    wait_until 1200 0.1 test -e "$FIREWALL/ended" # as long as it may take
    state=failed
    if [ -e "$FIREWALL/ended" ] && [ "$(cat "$FIREWALL/ended")" = 0 ]; then state=fired; fi
  fi
  [ "$state" = none ] || timeout -k 1 20 systemctl stop kfleet-firewall.timer 2>/dev/null # gone already where it fired
  echo "$state"
}

# For what changes the node next: nothing of an earlier run may come back in the middle of it.
settle_firewall() {
  disarm_firewall >/dev/null
  for file in armed disarmed fired ended restore.sh; do
    rm -f -- "$FIREWALL/$file" || return
  done
}
# --- rollback: a timer that restores the firewall unless kfleet comes back ----------------------------------------------
# Copies of all rules, and of the tables, sets and services that are Kubernetes', into folder $1.
save_firewall() {
  for tool in $(firewall_tools); do
    saved_rules "$tool" >"$1/$tool.rules" || return
  done
  save_nft_tables >"$1/nft.tables" && save_ipsets >"$1/ipset.sets" && save_ipvs >"$1/ipvs.services"
}

# Whether there is anything of Kubernetes' in the copies in folder $1.
firewall_is_ours() {
  for file in nft.tables ipset.sets ipvs.services; do
    [ ! -s "$1/$file" ] || return 0
  done
  for tool in $(firewall_tools); do
    [ -s "$1/$tool.rules" ] || continue
    [ -z "$(purge_script <"$1/$tool.rules")" ] || return 0
  done
  return 1
}

# Saved anew, as rules may have changed since the phase began. Of a run that changes the firewall more than once (after a
# lost phase) the backup folder keeps what was there before the first time.
arm_firewall() {
  copies=$FIREWALL/copies
  settle_firewall && (umask 077 && mkdir -p "$BACKUP" "$copies") && rm -f -- "$copies"/* && save_firewall "$copies" || return
  firewall_is_ours "${FROM:-$copies}" || return 64
  if [ ! -e "$BACKUP/firewall-changed" ]; then
    cp -- "$copies"/* "$BACKUP/" && : >"$BACKUP/firewall-changed" || return
  fi
  (umask 077 && cp -- "$0" "$FIREWALL/restore.sh" && : >"$FIREWALL/armed") || return
  if ! answer=$(systemd-run --quiet --unit=kfleet-firewall --collect --on-active="$ROLLBACK_SECONDS" \
    --timer-property=AccuracySec=1s --description="kfleet: restore the firewall unless kfleet comes back" \
    /bin/sh "$FIREWALL/restore.sh" inside roll_back "$copies" "${FROM:-$copies}" 2>&1); then
    rm -f -- "$FIREWALL/armed"
    say "the timer that would restore the firewall could not be started, so the firewall stays as it is: $answer"
    return 1
  fi
  say "the old rules come back in $ROLLBACK_SECONDS s unless the new ones are confirmed"
}

# What the timer runs. A phase that is still at work has not given kfleet the time to come back.
roll_back() {
  if ! phase_is_not active; then
    wait_until 600 1 phase_is_not active
    sleep 30
  fi
  roll_back_now "$@"
}

roll_back_now() {
  mv -- "$FIREWALL/armed" "$FIREWALL/fired" || return 0 # disarmed a moment ago
  say "kfleet did not come back, so the firewall's old rules do"
  undone=0
  [ "$1" = "$2" ] || purge_firewall || [ $? -eq 64 ] || undone=1 # what was put back goes first
  undo_purge "$1" "$2" || undone=1
  printf '%s\n' "$undone" >"$FIREWALL/ended.new" && mv -- "$FIREWALL/ended.new" "$FIREWALL/ended"
}

# Undoes purge_firewall with the copies in folder $1: sets first, then the rules that use them. Of iptables' rules only
# the tables that a purge of the copies in folder $2 changes are put back, each as a whole: so jumps stand again in their
# old places.
undo_purge() {
  failed=0
  restore_sets "$1" || failed=1
  for tool in $(firewall_tools); do
    [ -s "$1/$tool.rules" ] && [ -s "$2/$tool.rules" ] || continue
    tables=$(purge_script <"$2/$tool.rules" | sed -n '/^\*/p')
    [ -n "$tables" ] || continue
    TABLES=$tables awk '
      BEGIN { n = split(ENVIRON["TABLES"], names, "\n"); for (i = 1; i <= n; i++) changed[names[i]] = 1 }
      /^\*/ { keep = $0 in changed }
      keep' "$1/$tool.rules" | restore_rules "$tool" || failed=1
  done
  restore_ipvs "$1" || failed=1
  return "$failed"
}

# ipsets, before the rules that use them, and nftables tables that a purge removed.
restore_sets() {
  failed_sets=0
  if [ -s "$1/ipset.sets" ]; then timeout -k 5 60 ipset -exist restore <"$1/ipset.sets" || failed_sets=1; fi
  if [ -s "$1/nft.tables" ]; then timeout -k 5 60 nft -f "$1/nft.tables" || failed_sets=1; fi
  return "$failed_sets"
}
# --- containerd --------------------------------------------------------------------------------------------------
CONFIG_FILE=/etc/containerd/config.toml

# Whether containerd accepts $CONFIG, and makes of it and its drop-ins what it is meant to be.
check_containerd_config() {
  PROBLEM="the new config of containerd cannot be written beside the old one"
  mkdir -p /etc/containerd && stage_config && examine_config && rm -f -- "$CONFIG_FILE.kfleet" && return 0
  rm -f -- "$CONFIG_FILE.kfleet"
  say "refused: $PROBLEM"
  return 76
}

# Beside the old file, as imports may be relative; with its owner and mode, as registry passwords may be in it.
stage_config() {
  rm -f -- "$CONFIG_FILE.kfleet" || return
  [ ! -e "$CONFIG_FILE" ] || cp -p -- "$CONFIG_FILE" "$CONFIG_FILE.kfleet" || return
  printf %s "$CONFIG" >"$CONFIG_FILE.kfleet"
}

# Sets PROBLEM where the staged config does not serve.
examine_config() {
  if ! said=$(timeout -k 1 30 containerd --config "$CONFIG_FILE.kfleet" config dump 2>&1 >/dev/null); then
    PROBLEM="containerd does not accept the new config, so the old one stays: $(printf '%s\n' "$said" | tail -n 3)"
    return 1
  fi
  dump=$(timeout -k 1 30 containerd --config "$CONFIG_FILE.kfleet" config dump 2>/dev/null) || return
  names=$(printf '%s\n' "$dump" | cgroupfs_in_dump | in_a_row)
  [ -n "$names" ] || return 0
  PROBLEM="with its drop-ins ($(printf '%s\n' "$dump" | cri_dropins | in_a_row)), containerd would have no SystemdCgroup = true for $names; mend them first"
  return 1
}

# From a dump: the imported files that speak of CRI. containerd 1 lists them all, 2 the patterns.
cri_dropins() {
  patterns=$(sed -n 's/^imports = \[\(.*\)\]$/\1/p' | tr -d "\"' " | tr , ' ')
  cd /etc/containerd || return
  for file in $patterns; do # patterns are meant to expand
    case $file in "$CONFIG_FILE"*) continue ;; esac
    ! grep -qE 'disabled_plugins|grpc\.v1\.cri|cri\.v1\.runtime|plugins\.cri' "$file" 2>/dev/null || echo "$file"
  done
}

# Puts $CONFIG in place, has containerd run with it, and asks the running containerd. What does not start is taken back.
# SHARED=yes starts containerd again only where it must be.
apply_containerd_config() {
  began=$(date +%s)
  new=no
  if [ ! -f "$CONFIG_FILE" ] || [ "$(cat "$CONFIG_FILE" && printf x)" != "${CONFIG}x" ]; then
    install_config || {
      timeout -k 5 90 systemctl start containerd.service
      say "containerd's config could not be written, so the old one stays"
      return 1
    }
    new=yes
  fi
  if [ "$new" = yes ] || [ "$SHARED" = no ] || cri_knows_pods; then
    trouble=$(restart_containerd 2>&1) && trouble=$(await_cri 2>&1)
  else
    trouble=$(await_cri 2>&1)
  fi || {
    roll_back_config
    return 1
  }
  names=$(cgroupfs_in_use) || {
    say "whether the running containerd uses systemd for cgroups could not be told"
    return 1
  }
  if [ -n "$names" ]; then
    say "containerd runs, but has no SystemdCgroup = true for $(printf '%s\n' "$names" | in_a_row)"
    return 1
  fi
}

install_config() {
  mkdir -p /etc/containerd && (umask 077 && mkdir -p "$BACKUP") || return
  stage_config || return
  if [ -e "$CONFIG_FILE" ]; then
    # The first copy of a run is what was there before it.
    if [ ! -e "$BACKUP/containerd-config.toml" ] && [ ! -e "$BACKUP/containerd-config.none" ]; then
      # all of it or nothing, also where this is cut off
      cp -p -- "$CONFIG_FILE" "$BACKUP/containerd-config.part" && mv -- "$BACKUP/containerd-config.part" "$BACKUP/containerd-config.toml" || return
    fi
    echo "the old config is kept as $BACKUP/containerd-config.toml"
  elif [ ! -e "$BACKUP/containerd-config.toml" ]; then
    : >"$BACKUP/containerd-config.none" || return
  fi
  mv -- "$CONFIG_FILE.kfleet" "$CONFIG_FILE"
}

# Whether CRI still has pods in mind, which containerd as such may know no more; or does not say.
cri_knows_pods() {
  command -v crictl >/dev/null || return 0
  pods=$(timeout -k 1 30 crictl -r "$CRI_SOCKET" --timeout 20s pods -q) || return 0
  [ -n "$pods" ]
}

# Puts back what this run has replaced, and says how containerd took it.
roll_back_config() {
  words=$(timeout -k 1 10 journalctl -u containerd.service --since "@$began" -o cat --no-pager 2>/dev/null |
    grep -E '^containerd: |level=fatal|failed to load plugin.*cri' | tail -n 1 | sed 's/^time="[^"]*" level=[a-z]* //')
  words=${words:-$(printf '%s\n' "${trouble#kfleet: }" | tail -n 3 | tr '\n' ' ')}
  if [ ! -e "$BACKUP/containerd-config.toml" ] && [ ! -e "$BACKUP/containerd-config.none" ]; then
    say "containerd does not come up: $words"
    return
  fi
  [ ! -e "$CONFIG_FILE" ] || mv -- "$CONFIG_FILE" "$BACKUP/containerd-config.failed.toml" || return
  if [ -e "$BACKUP/containerd-config.toml" ]; then
    cp -p -- "$BACKUP/containerd-config.toml" "$CONFIG_FILE.kfleet" && mv -- "$CONFIG_FILE.kfleet" "$CONFIG_FILE" || {
      say "containerd does not come up with the new config, and $BACKUP/containerd-config.toml could not be put back: $words"
      return
    }
  fi
  systemctl reset-failed containerd.service 2>/dev/null # or it may be started too often for systemd
  if restart_containerd >/dev/null 2>&1; then
    say "containerd did not come up with the new config, so the old one is back, and containerd runs with that; the new one is $BACKUP/containerd-config.failed.toml: $words"
  else
    say "containerd comes up neither with the new config nor with the old one, which is back: $words"
  fi
}

restart_containerd() { restart_unit containerd.service; }

# Waits until CRI itself says RuntimeReady; the unit being active says nothing about it.
await_cri() {
  wait_until 20 1 cri_answers && return
  say "containerd's CRI does not answer: $(printf '%s' "$answer" | tail -n 3)"
  return 1
}

cri_answers() {
  if command -v crictl >/dev/null; then
    answer=$(timeout -k 1 10 crictl -r "$CRI_SOCKET" --timeout 5s info 2>&1) &&
      printf '%s' "$answer" | tr -d ' \n' | grep -q '"type":"RuntimeReady","status":true\|"status":true,"type":"RuntimeReady"'
  else
    answer=$(ctr_in k8s.io plugins ls id==cri 2>&1) && printf '%s' "$answer" | grep -q ' ok *$'
  fi
}
# --- restore: back to what a reset kept copies of ---------------------------------------------------------------------
# Fails where $FROM is not the backup folder of a run.
check_backup() {
  [ -d "$FROM" ] && return
  if [ ! -d "${FROM%/*}" ]; then
    say "no run has kept copies on this node"
    return 1
  fi
  say "there is no $FROM on this node; runs with copies:$(cd "${FROM%/*}" && for run in *; do [ ! -d "$run" ] || printf ' %s' "$run"; done)"
  return 1
}

# What that run replaced, or nothing where there was nothing; what does not start is taken back.
restore_containerd_config() {
  # shellcheck disable=SC2034 # for roll_back_config
  began=$(date +%s)
  if [ ! -e "$FROM/containerd-config.none" ] && [ -f "$FROM/containerd-config.toml" ]; then
    CONFIG=$(cat "$FROM/containerd-config.toml" && printf x) || return
    CONFIG=${CONFIG%x}
    [ ! -f "$CONFIG_FILE" ] || [ "$(cat "$CONFIG_FILE" && printf x)" != "${CONFIG}x" ] || return 64
    install_config || return
    cp -p -- "$FROM/containerd-config.toml" "$CONFIG_FILE" || return # with its owner and mode
  elif [ -f "$FROM/containerd-config.none" ]; then
    [ -f "$CONFIG_FILE" ] || return 64
    (umask 077 && mkdir -p "$BACKUP") && mv -- "$CONFIG_FILE" "$BACKUP/containerd-config.toml" || return
  else
    say "that run did not change containerd's config"
    return 64
  fi
  # shellcheck disable=SC2034 # for roll_back_config
  trouble=$(restart_containerd 2>&1) && trouble=$(await_cri 2>&1) && return
  roll_back_config
  return 1
}

# What that run has removed from the firewall; what others have changed since in other tables stays.
restore_firewall() {
  if [ ! -e "$FROM/firewall-changed" ]; then
    say "that run did not change the firewall"
    return 64
  fi
  for rules in "$FROM"/*.rules; do
    tool=${rules##*/}
    tool=${tool%.rules}
    command -v "$tool-restore" >/dev/null || {
      say "$tool-restore is not on this node any more, so $rules cannot be put back"
      return 1
    }
  done
  undo_purge "$FROM" "$FROM"
}
# --- reboot: the last rung ------------------------------------------------------------------------------------
# Refuses where nobody could log in afterwards, where the boot would wait for somebody, and where a protected path would not
# be what it is now.
check_reboot() {
  starts_sshd || {
    say "refused: no SSH server was found that systemd starts with the machine, so nobody could log in after a boot"
    return 76
  }
  waits=$(asks_for_passphrase) || {
    say "refused: /etc/crypttab could not be read, so whether the boot would wait for a passphrase could not be told"
    return 76
  }
  if [ -n "$waits" ]; then
    say "refused: the boot would wait for a passphrase: ${waits%, } in /etc/crypttab"
    return 76
  fi
  # Without a source that fstab requires the boot ends in the emergency shell (systemd.mount, local-fs.target).
  verified=$(timeout -k 1 20 findmnt --verify 2>&1)
  verdict=$?
  missing=$(printf '%s\n' "$verified" | sed -n 's/.*unreachable on boot required source: *//p' | required_sources)
  if [ -n "$missing" ]; then
    say "refused: /etc/fstab asks for what is not there, so the boot would not come to its end: ${missing%, }"
    return 76
  fi
  # 1 with findings of other kinds, of which it tells the number; anything else is no verdict.
  case $verdict:$verified in
    0:*) ;;
    1:*' parse error'*) ;;
    *)
      say "refused: whether all that /etc/fstab asks for is there could not be told: $(printf '%s\n' "$verified" | tail -n 1)"
      return 76
      ;;
  esac
  by_hand=$(mounted_by_hand) || {
    say "refused: what is mounted could not be listed, so what a boot would leave unmounted could not be told"
    return 76
  }
  if [ -n "$by_hand" ]; then
    say "refused: mounted by hand, and not there any more after a boot: ${by_hand%, }; add it to /etc/fstab"
    return 76
  fi
}

# findmnt calls required what is not "noauto"; without what is "nofail" systemd boots too. What cannot be found in the file as
# it is written stays required.
required_sources() {
  while IFS= read -r source; do
    SOURCE=$source awk '
      $1 == ENVIRON["SOURCE"] { if ($4 ~ /(^|,)nofail(,|$)/) optional = 1; else required = 1 }
      END { exit !(optional && !required) }' /etc/fstab || printf '%s, ' "$source"
  done
}

starts_sshd() {
  for unit in ssh.service sshd.service ssh.socket sshd.socket dropbear.service; do
    case $(systemctl is-enabled "$unit" 2>/dev/null) in enabled | static | generated | alias) return 0 ;; esac
  done
  return 1
}

# Names of volumes that are unlocked at boot with a passphrase that somebody types.
asks_for_passphrase() {
  [ -e /etc/crypttab ] || return 0
  awk '/^[^#]/ && ($3 == "" || $3 == "none" || $3 == "-") && $4 !~ /noauto|nofail|tpm2-device|fido2-device|pkcs11-uri/ { printf "%s, ", $1 }' \
    /etc/crypttab
}

# Mounts that protected paths lie on, are, or have below them, and that nothing brings back with the machine. ZFS brings its own.
mounted_by_hand() {
  listed=$(awk -F '[ ]' '{ type = $0; sub(/.* - /, "", type); sub(/ .*/, "", type); print type, $5 }' /proc/self/mountinfo) &&
    [ -n "$listed" ] || return
  printf '%s\n' "$listed" | sort -u | while read -r type target; do
    case $type in zfs | autofs) continue ;; esac
    [ "$target" != / ] || continue
    target=$(unescape "$target")
    target=${target%x}
    concerns_protected "$target" && ! comes_with_the_boot "$target" || continue
    printf '%s, ' "$target"
  done
}

# Whether a protected path lies in $1 or the other way round.
concerns_protected() {
  printf '%s\n' "$PROTECT" | {
    while IFS= read -r path; do
      case $1 in "$path" | "$path"/*) exit 0 ;; esac
      case $path in "$1"/*) exit 0 ;; esac
    done
    exit 1
  }
}

# A unit of its own, which the boot or an automount pulls in; "noauto" in fstab has one that nothing pulls in.
comes_with_the_boot() {
  unit=$(systemd-escape -p --suffix=mount -- "$1") || return 1
  [ -n "$(systemctl show -p FragmentPath --value -- "$unit")" ] &&
    [ -n "$(systemctl show -p RequiredBy -p WantedBy -p TriggeredBy --value -- "$unit" | tr -d '\n')" ]
}

# A moment later, so that the phase comes to its end and says so. What is in memory is written down first. Whoever has asked the
# phase to end meanwhile does not want the boot.
reboot_machine() {
  timeout -k 1 60 sync || {
    say "what is in memory could not be written to the disks within 60 s"
    return 1
  }
  ! asked_to_end || return 64
  systemd-run --quiet --collect --unit=kfleet-reboot --on-active=2 --timer-property=AccuracySec=100ms systemctl reboot || return
  ! asked_to_end || { systemctl stop kfleet-reboot.timer && return 64; }
}

asked_to_end() { [ -n "${KFLEET_HALT-}" ] && [ -e "$KFLEET_HALT" ]; }
# --- journal: what the kubelet complains of -------------------------------------------------------------------------
# For awk: whether a line of the kubelet's, without what journals put in front, is a complaint: errors and fatal lines, the
# two calm ones that matter (kubelet runs for itself; its certificate), what kubelet prints before it has a log, systemd's
# reasons why it could not start the program, and journalctl's own. After an unknown flag kubelet prints its whole usage,
# indented. And the same without klog's header, which differs each time, cut to what a person reads. Lines are alike but for
# numbers and for the ids of containers and pods, of which each try has a new one.
COMPLAINT='
BEGIN { klog = "[0-9][0-9][0-9][0-9] [0-9:.]+ +[0-9]+ [^ ]+\\] " }
function is_complaint(line) {
  if (line ~ /path does not exist, ignoring$/) return 0 # of a folder for static pods, every second
  return line ~ ("^[EF]" klog) ||
    line ~ ("^[IW]" klog) && line ~ /[Ss]tandalone mode|certificate signing request/ ||
    line ~ /^[Ee]rror: |^\{"ts":.*"err":|status=2[0-4][0-9]\/|^Failed to |^No journal files/
}
function bare(line) {
  sub("^[EFIW]" klog, "", line)
  return substr(line, 1, 500)
}
function alike(line) {
  gsub(/[0-9]+/, "#", line)
  gsub(/[a-f]*#[a-f]*#[a-f]*#[a-f#-]*/, "#", line)
  return line
}'

# The last distinct complaints in a journal.
complaints() {
  awk "$COMPLAINT"'
    is_complaint($0) {
      text[NR] = bare($0)
      key[NR] = alike(bare($0))
      last[key[NR]] = NR
    }
    END {
      for (first = NR + 1; first > 1 && kept < 12; )
        if ((--first in key) && last[key[first]] == first) kept++
      for (n = first; n <= NR; n++)
        if ((n in key) && last[key[n]] == n) print "kubelet: " text[n]
      if (!kept) print "kubelet: no complaint in the " NR " lines of its journal since the join began"
    }'
}

# A digest of a journal in the form short-unix, bounded whatever is in it. A kubelet looks at its image filesystem at its
# start and then every five minutes, and says so more than once each time: what is said within half a minute is one look.
digest() {
  awk "$COMPLAINT"'
    {
      if (match($3, /\[[0-9]+\]:$/) == 0) next # the rest of a line that has several
      pid = substr($3, RSTART + 1, RLENGTH - 3)
      time = int($1)
      line = $0
      sub(/^[^ ]+ +[^ ]+ +[^ ]+ /, "", line)
      if ($3 ~ /^kubelet\[/) {
        if (!(pid in began)) {
          order[++starts] = pid
          began[pid] = time
        }
        heard[pid] = time
        if (line ~ /invalid capacity 0 on image filesystem/) {
          if (!(pid in invalid)) first_look[pid] = time
          if (!(pid in invalid) || time - seen[pid] > 30) invalid[pid]++
          seen[pid] = time
        }
      }
      if (!is_complaint(line)) next
      key = alike(bare(line))
      times[key]++
      when[key] = time
      who[key] = pid
      text[key] = bare(line)
      if (key in at) delete last[at[key]]
      at[key] = NR
      last[NR] = key
    }
    END {
      print "lines " NR
      for (n = starts > 50 ? starts - 49 : 1; n <= starts; n++) {
        pid = order[n]
        print "start " pid, began[pid], heard[pid], invalid[pid] + 0, first_look[pid] + 0, seen[pid] + 0
      }
      for (first = NR + 1; first > 1 && kept < 20; ) if (--first in last) kept++
      for (n = first; n <= NR; n++) {
        if (!(n in last)) continue
        key = last[n]
        print "said " times[key], when[key], who[key], text[key]
      }
    }'
}

# The last distinct errors of containerd's journal, as they are but for their times: what it could not load, and why it
# ended. A plugin that this machine cannot have, or that nobody has configured, is no error; nor is it one that there is no
# pod network yet when containerd starts.
containerd_complaints() {
  awk '
    /level=(error|fatal|panic)|^containerd: |failed to load plugin/ && !/skip plugin|skip loading plugin|not configured"|failed to load cni during init/ {
      sub(/^time="[^"]*" /, "")
      $0 = line = substr($0, 1, 500)
      gsub(/[0-9a-f]+/, "#")
      if ($0 in at) delete last[at[$0]]
      at[$0] = NR
      last[NR] = line
    }
    END {
      for (first = NR + 1; first > 1 && kept < 10; ) if (--first in last) kept++
      for (n = first; n <= NR; n++) if (n in last) print last[n]
    }'
}
# --- join ------------------------------------------------------------------------------------------------------------
# kubeadm's own waits add up to about 10 minutes (discovery 5, TLS bootstrap 5 [kubeadm constants]); JOIN_SECONDS is for a
# kubeadm that hangs. The launcher removes the file too, should this be killed. Elapsed time is the kernel's, since the
# clock may be set meanwhile; timeouts differ in the status that they end with.
join_cluster() {
  file=/run/kfleet/join.yaml
  umask 077
  mkdir -p /run/kfleet && rm -f -- "$file" || return
  # no printf: in some shells it is a program, whose arguments everybody can read
  cat >"$file" <<E || return
$CONFIGURATION
E
  began=$(uptime_seconds) || return
  timeout -k 10 "$JOIN_SECONDS" kubeadm join --config "$file"
  ended=$?
  rm -f -- "$file"
  [ "$ended" -ne 0 ] || return 0
  took=$(($(uptime_seconds) - began))
  kubelet_says "$took"
  [ "$took" -lt "$JOIN_SECONDS" ] || ended=124
  return "$ended"
}

uptime_seconds() {
  read -r uptime _ </proc/uptime && echo "${uptime%%.*}"
}

# What kubelet itself complained of in the last $1 seconds, which is what kubeadm does not say: it only waits for kubelet.
kubelet_says() {
  if command -v journalctl >/dev/null; then
    timeout -k 1 20 journalctl -u kubelet.service --no-pager -o cat -n 10000 --since "-$(($1 + 1))s" 2>&1 | complaints
  else
    say "what kubelet says is unknown: journalctl is not on the node"
  fi
  echo "kubelet: unit: $(timeout -k 1 20 systemctl show kubelet.service -p LoadState -p ActiveState -p SubState \
    -p Result -p NRestarts 2>&1 | tr '\n' ' ')"
}
# --- launcher: the node owns the phase -----------------------------------------------------------------------
# Room for marks, in bytes: a file system that fills up while the phase runs does not take its last words from it.
ROOM=1048576

launch_write() {
  if [ ! -d /run/systemd/system ]; then
    say "systemd does not run this machine, and kubelet and containerd could not be managed"
    return 1
  fi
  umask 077
  # An inventory that has one machine under two names would have two phases of one name on it.
  if ! mkdir -p /run/kfleet || ! chmod 0700 /run/kfleet || [ -e "$BASE.out" ] || ! (set -C && : >"$BASE.out"); then
    say "nothing was started: $BASE.out is there already or cannot be made; is this machine in the inventory twice?"
    return 1
  fi
  if said=$({ reserve_room && printf %s "$SCRIPT" >"$BASE.sh" && printf '%s\n' "$NOTE" >"$BASE.json"; } 2>&1); then
    return
  fi
  not_started "nothing was started, as the phase could not be written to /run/kfleet (is it full?): $said"
}

# Says why, and takes back what was written for it.
not_started() {
  rm -f -- "$BASE.sh" "$BASE.json" "$BASE.out"
  say "$1"
  return 1
}

# Not every file system can; where one can, a full one refuses.
reserve_room() {
  ! room=$(fallocate -n -l "$ROOM" -- "$BASE.out" 2>&1) || return 0
  case $room in *'No space'*) echo "$room" && return 1 ;; esac
}

# The shell appends to the file by itself: systemd's own append: needs version 240, and RHEL 8 has 239.
# The script goes when the phase is over (a join's holds the token); what it printed stays for who comes back, and the room
# that it did not need is given back. $1… are the script's arguments.
launch_start() {
  # The phase before this one may have ended a moment ago and still be cleaning up.
  wait_until 100 0.1 phase_is_not deactivating
  # A look that was taken long ago, by a kfleet that was away meanwhile, decides nothing any more.
  if [ -n "$STAMP" ] && [ "$(stamp "$BASE.json")" != "$STAMP" ]; then
    not_started "nothing was started: since it was looked at it has booted, or somebody has joined it or run a phase on it"
    return 65
  fi
  # What an earlier run has armed must not go off in this one, and only a new connection of that run may take it back.
  # Where another run is at work it is that one's, and ours is refused below.
  case $(systemctl show -p ActiveState --value kfleet.service) in
    inactive | failed)
      if [ -e "$FIREWALL/armed" ]; then
        not_started "a run before this one has changed the firewall and not come back, so the old rules return any moment; try again in two minutes"
        return
      fi
      settle_firewall || {
        not_started "what an earlier run has left in $FIREWALL could not be removed"
        return
      }
      ;;
  esac
  for going_down in kfleet-reboot.timer kfleet-reboot.service; do
    case $(systemctl show -p ActiveState --value "$going_down") in
      active | activating | deactivating)
        not_started "this machine is about to boot anew; try again when it is back"
        return
        ;;
    esac
  done
  if ! answer=$(systemd-run --quiet --unit=kfleet --collect --description="$WHAT" \
    --setenv=KFLEET_PEER="$PEER" --setenv=KFLEET_HALT="$BASE.stop" \
    -p ExecStopPost="/bin/rm -f $BASE.sh $BASE.stop $BASE.yaml /run/kfleet/join.yaml" \
    -p ExecStopPost="-/usr/bin/truncate -s +0 $BASE.out" \
    /bin/sh -c 'out=$1; shift; exec /bin/sh "$0" "$@" >>"$out" 2>&1' "$BASE.sh" "$BASE.out" "$@" 2>&1); then
    if phase_is_not active activating; then
      not_started "could not be started: $answer"
      return
    fi
    what=$(systemctl show -p Description --value kfleet.service)
    case $what in
      # The answer got lost, the order did not.
      *" $ID") return 0 ;;
      *" ${ID%-*}-"[0-9]*)
        not_started "nothing was started: an earlier phase of this run is at work"
        return 65
        ;;
    esac
    since=$(systemctl show -p ActiveEnterTimestamp --value kfleet.service)
    not_started "somebody else is at work on this node: $what, since $since"
  fi
}

# What was started before a boot ended with it, and left nothing to follow.
same_boot() {
  if [ -n "$BOOT" ] && [ "$(cat /proc/sys/kernel/random/boot_id)" != "$BOOT" ]; then
    say "the node has booted since"
    return 1
  fi
}

# A launch that never got here is kept from coming late: it begins with making this file. Where the boot that it was launched
# in is not known, it may have run in one before this.
never_launched() {
  [ -n "$BOOT" ] && [ ! -e "$BASE.out" ] && (umask 077 && mkdir -p /run/kfleet && set -C && : >"$BASE.out") 2>/dev/null ||
    return 0
  say "its launch did not get to the node"
  return 65
}

# tail ends by itself when the phase does. Where another phase has the unit by now, ours is over. What tail itself has to
# say must not be counted among the bytes of the phase: the next connection follows from their number.
launch_follow() {
  pid=0
  what=$(systemctl show -p Description --value kfleet.service) || return 1
  case $what in
    *" $ID") pid=$(systemctl show -p MainPID --value kfleet.service) || return 1 ;;
  esac
  if [ "$pid" -gt 0 ]; then
    tail -c "+$((OFFSET + 1))" -f -s 0.1 --pid="$pid" -- "$BASE.out" 2>/dev/null
  else
    tail -c "+$((OFFSET + 1))" -- "$BASE.out" 2>/dev/null
  fi
}
# A look leaves nothing behind, kubectl's cache of what the API server offers among it.
# Prints what tells whether Node $2 is the machine we mean, as the API server behind kubeconfig $1 has it.
node_object() {
  timeout -k 1 20 kubectl --cache-dir /dev/null --kubeconfig "$1" --request-timeout=10s get node "$2" -o jsonpath='uid={.metadata.uid}{"\n"}created={.metadata.creationTimestamp}{"\n"}unschedulable={.spec.unschedulable}{"\n"}machine_id={.status.nodeInfo.machineID}{"\n"}boot_id={.status.nodeInfo.bootID}{"\n"}{range .status.conditions[?(@.type=="Ready")]}ready={.status}{"\n"}message={.message}{"\n"}heartbeat={.lastHeartbeatTime}{"\n"}{end}'
}
# --- protected: what protected folders look like, to be compared after a reset ----------------------------------------
# For each path $2…: device:inode, number of entries in it, number of all entries below it, checksum of the mounts at and
# below it, the path. A "-" stands for what was not counted: all entries where $1 is not "yes" or counting took too long.
# A path that is not there is "absent"; one that does not answer is "silent".
probe_protected() {
  count=$1
  COUNTED_UNTIL=$(($(date +%s) + 30)) # for all of them together
  shift
  for path in "$@"; do
    answer=$(timeout -k 1 10 stat -L -c %d:%i -- "$path" 2>&1)
    case $?:$answer in
      0:*) ;;
      1:*": No such file or directory" | 1:*": Not a directory")
        echo "absent - - - $path"
        continue
        ;;
      *)
        echo "silent - - - $path"
        continue
        ;;
    esac
    real "$path" || return 1
    mounts=$(X=$REAL awk -F '[ ]' "$PATHS"'
      { mount = un($5); x = ENVIRON["X"]; if (within(mount, x)) print $3, $4, $5 }
    ' /proc/self/mountinfo | sort | cksum | cut -d' ' -f1) || return 1
    all=-
    [ "$count" != yes ] || all=$(count_below "$REAL") || all=-
    echo "$answer $(count_below "$REAL" -maxdepth 1 || echo -) $all $mounts $path"
  done
}

# Counts what is below folder $1, by NULs, as names may hold newlines; $2…: for find. Fails where it cannot see all of it.
count_below() {
  seconds=$((COUNTED_UNTIL - $(date +%s)))
  [ "$seconds" -gt 0 ] || return
  # shellcheck disable=SC2016 # expanded by the shell that timeout ends together with its children
  timeout -k 1 "$seconds" sh -c '{ find "$@" -mindepth 1 -print0 || kill -9 $$; } | tr -cd "\000" | wc -c | tr -d " "' sh "$@" 2>/dev/null
}
# --- join command: `kubeadm join …` as people paste it, taken apart --------------------------------------------------
# Neither printf nor echo gets a token: in some shells they are programs, whose arguments everybody can read.

# Says why the command is none, tokens masked. 2: usage.
not_a_command() {
  sed 's/\([a-z0-9]\{6\}\)\.[a-z0-9]\{16\}/\1.****************/g; s/^/kfleet: not a worker'\''s join command: /' <<E
$*
E
  return 2
}

# Takes the command $1 apart. Sets ENDPOINT, TOKEN, HASHES and IGNORED (as elements of a JSON list), NODE_NAME and SOCKET.
parse_join_command() {
  TAB=$(printf '\t')
  RETURN=$(printf '\r')
  # What a backslash at the end of a line joins. The tab tells the end of the text from the end of a line.
  text=$(awk '{ if (sub(/\\\r?$/, " ")) printf "%s", $0; else printf "%s ", $0 }' <<E
$1$TAB
E
  )
  case $text in
    *[!]A-Za-z0-9_.:/=,[\ "$TAB$RETURN"-]*)
      not_a_command "it contains a character that a join command never needs and a shell would act on"
      return
      ;;
  esac
  ENDPOINT='' TOKEN='' HASHES='' IGNORED='' NODE_NAME='' SOCKET=$CRI_SOCKET
  old_ifs=$IFS
  IFS=" $TAB$RETURN"
  set -f
  # shellcheck disable=SC2086 # split into words
  set -- $text
  set +f
  IFS=$old_ifs
  [ "${1-}" != sudo ] || shift
  case ${1-}:${2-} in
    kubeadm:join | */kubeadm:join) shift 2 ;;
    *)
      not_a_command 'it must begin with `kubeadm join`'
      return
      ;;
  esac
  while [ $# -gt 0 ]; do
    word=$1
    shift
    case $word in
      --*) ;;
      *)
        take_endpoint "$word" || return
        continue
        ;;
    esac
    option=${word#--}
    check_join_option "${option%%=*}" || return
    case $option in
      *=*) value=${option#*=} ;;
      *)
        [ $# -gt 0 ] || {
          not_a_command "\`--$option\` has no value"
          return
        }
        value=$1
        shift
        ;;
    esac
    take_join_option "${option%%=*}" "$value" || return
  done
  if [ -z "$ENDPOINT" ]; then
    not_a_command 'it names no API server (`host:port`)'
  elif [ -z "$TOKEN" ]; then
    not_a_command 'it has no `--token`'
  elif [ -z "$HASHES" ]; then
    not_a_command 'it has no `--discovery-token-ca-cert-hash`, without which any API server would be trusted'
  fi
}

check_join_option() {
  case $1 in
    token | discovery-token-ca-cert-hash | node-name | cri-socket | ignore-preflight-errors | v) ;;
    control-plane | experimental-control-plane | certificate-key | apiserver-advertise-address)
      not_a_command "\`--$1\` makes a control-plane node, and kfleet joins workers only"
      ;;
    discovery-token-unsafe-skip-ca-verification)
      not_a_command "\`--$1\` would trust any API server; give --discovery-token-ca-cert-hash instead"
      ;;
    *) not_a_command "\`--$1\` is not supported" ;;
  esac
}

take_join_option() {
  case $1 in
    token)
      is_token "$2" || {
        not_a_command "its token has not the form of 6 characters, a dot and 16 characters, all a-z or 0-9"
        return
      }
      TOKEN=$2
      ;;
    discovery-token-ca-cert-hash) each_element "$2" take_hash ;;
    node-name)
      is_node_name "$2" || {
        not_a_command "\`$2\` is no node name"
        return
      }
      NODE_NAME=$2
      ;;
    cri-socket) SOCKET=$2 ;;
    ignore-preflight-errors) each_element "$2" take_ignored ;;
  esac
}

# Calls $2 with each element of the list $1, which commas separate.
each_element() {
  rest=$1,
  while [ -n "$rest" ]; do
    "$2" "${rest%%,*}" || return
    rest=${rest#*,}
  done
}
take_ignored() { IGNORED="$IGNORED${IGNORED:+, }\"$1\""; }
take_hash() {
  case $1 in sha256:*) hex=${1#sha256:} ;; *) hex= ;; esac
  case $hex in *[!0-9a-fA-F]*) hex= ;; esac
  [ "${#hex}" -eq 64 ] || {
    not_a_command "\`$1\` is no \`sha256:\` and 64 hex digits"
    return
  }
  HASHES="$HASHES${HASHES:+, }\"$1\""
}

is_token() {
  one='[a-z0-9]'
  four=$one$one$one$one
  # shellcheck disable=SC2254 # a pattern
  case $1 in $four$one$one.$four$four$four$four) ;; *) return 1 ;; esac
}

# An RFC 1123 subdomain.
is_node_name() {
  case $1 in '' | *[!a-z0-9.-]* | [.-]* | *[.-] | *..* | *.-* | *-.*) return 1 ;; esac
  [ "${#1}" -le 253 ] || return 1
  labels=$1.
  while [ -n "$labels" ]; do
    label=${labels%%.*}
    [ "${#label}" -le 63 ] || return 1
    labels=${labels#*.}
  done
}

take_endpoint() {
  [ -z "$ENDPOINT" ] || {
    not_a_command "\`$1\` is a second endpoint"
    return
  }
  is_endpoint "$1" || {
    not_a_command "\`$1\` is no \`host:port\` of an API server"
    return
  }
  ENDPOINT=$1
}

is_endpoint() {
  case $1 in *:*) ;; *) return 1 ;; esac
  host=${1%:*}
  port=${1##*:}
  case $port in '' | *[!0-9]*) return 1 ;; esac
  while :; do case $port in 0*) port=${port#0} ;; *) break ;; esac done
  case $port in '' | ??????*) return 1 ;; esac
  [ "$port" -le 65535 ] || return 1
  case $host in
    '['*']')
      host=${host#?}
      is_ipv6 "${host%?}"
      ;;
    '' | -* | *[!A-Za-z0-9.-]*) return 1 ;;
  esac
}

# RFC 4291: eight groups, one run of which :: may stand for; the last two may be an IPv4 address.
is_ipv6() {
  awk '
    function groups(s, last, n, part, i, octet) { # how many groups s is; -1 where it is none
      if (s == "") return 0
      n = split(s, part, ":")
      for (i = 1; i <= n; i++) {
        if (last && i == n && part[i] ~ /\./) {
          if (split(part[i], octet, ".") != 4) return -1
          for (i = 1; i <= 4; i++) if (octet[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || octet[i] > 255) return -1
          return n + 1
        }
        if (part[i] !~ /^[0-9a-fA-F][0-9a-fA-F]?[0-9a-fA-F]?[0-9a-fA-F]?$/) return -1
      }
      return n
    }
    {
      gap = index($0, "::")
      if (!gap) exit groups($0, 1) != 8
      before = groups(substr($0, 1, gap - 1), 0)
      after = groups(substr($0, gap + 2), 1)
      exit before < 0 || after < 0 || before + after > 7
    }' <<E
$1
E
}

# The version of its configuration that kubeadm $1 (as `kubeadm version -o short` says) writes itself; fails for what is
# too old or no version.
configuration_version() {
  case $1 in v1.*) ;; *) return 1 ;; esac
  minor=${1#v1.}
  minor=${minor%%.*}
  case $minor in '' | *[!0-9]* | ?????*) return 1 ;; esac
  if [ "$minor" -ge 31 ]; then
    echo kubeadm.k8s.io/v1beta4
  elif [ "$minor" -ge 22 ]; then
    echo kubeadm.k8s.io/v1beta3
  elif [ "$minor" -ge 15 ]; then
    echo kubeadm.k8s.io/v1beta2
  else
    return 1
  fi
}

# kubeadm's JoinConfiguration of version $1 for what was parsed. No value holds a quote, a backslash or a blank.
join_configuration() {
  named='' ignored=''
  [ -z "$NODE_NAME" ] || named=",
    \"name\": \"$NODE_NAME\""
  [ -z "$IGNORED" ] || ignored=",
    \"ignorePreflightErrors\": [$IGNORED]"
  cat <<E
{
  "apiVersion": "$1",
  "kind": "JoinConfiguration",
  "discovery": {
    "bootstrapToken": {"apiServerEndpoint": "$ENDPOINT", "token": "$TOKEN", "caCertHashes": [$HASHES]},
    "tlsBootstrapToken": "$TOKEN"
  },
  "nodeRegistration": {
    "criSocket": "$SOCKET"$named$ignored
  }
}
E
}
# --- the API server of a join, as this node sees it without any credentials ---------------------------------------------
# kubeadm runs in a service of systemd's manager and honours the proxies that are set there, not those of a login.
manager_proxies() {
  unset http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
  command -v systemctl >/dev/null || return 0
  for variable in https_proxy HTTPS_PROXY no_proxy NO_PROXY; do
    value=$(timeout -k 1 10 systemctl show-environment | sed -n "s/^$variable=//p")
    [ -z "$value" ] || export "$variable=$value"
  done
}

# GET of path $1, with whatever can ask; its answer, its headers and its complaints into ANSWER.
ask() {
  case $TOOL in
    curl) ANSWER=$(timeout -k 1 15 curl -q -gsSki --connect-timeout 10 --max-time 10 "https://$ENDPOINT$1" 2>&1) ;;
    wget) ANSWER=$(timeout -k 1 15 wget -nv -S -O - -T 10 -t 1 --no-check-certificate "https://$ENDPOINT$1" 2>&1) ;;
    "busybox wget") ANSWER=$(timeout -k 1 15 wget -S -O - -T 10 --no-check-certificate "https://$ENDPOINT$1" 2>&1) ;;
    kubectl) ANSWER=$(kubectl_raw -v=8 "$1" 2>&1) ;; # which tells headers, too
  esac
}

# kubectl asks for a user's name where it is given none; the API server takes one with a password for nobody.
kubectl_raw() {
  timeout -k 1 15 kubectl "$1" --kubeconfig /dev/null --server "https://$ENDPOINT" --insecure-skip-tls-verify \
    --username kfleet --password none --request-timeout=10s get --raw "$2"
}

# The last status in ANSWER: before it there may be that of a proxy.
answered() {
  printf '%s\n' "$ANSWER" | sed -n -e 's/^ *HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' \
    -e 's/.*server returned error: HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' \
    -e 's/.*Response Status: \([0-9][0-9][0-9]\).*/\1/p' | tail -n 1
}

# What the tool said when it failed. curl keeps to itself why a connection was not made, unless it tells all; kubectl
# buries it where it does.
complaint() {
  case $TOOL in
    curl)
      told=$(timeout -k 1 15 curl -q -gsSkv --connect-timeout 10 --max-time 10 "https://$ENDPOINT/version" 2>&1 >/dev/null |
        sed -n 's/.*connect to .* failed: //p' | tail -n 1)
      [ -z "$told" ] || ANSWER="$ANSWER: $told"
      ;;
    kubectl) ANSWER=$(kubectl_raw -v=0 /version 2>&1) ;;
  esac
  printf '%s\n' "$ANSWER" | grep -v '^ *$' | tail -n 1
}

# key=value lines; what could not be told has none. $TOKEN is a token's public half.
api_view() {
  if command -v curl >/dev/null; then
    TOOL=curl
  elif command -v wget >/dev/null && wget --version 2>&1 | grep -q GNU; then
    TOOL=wget
  elif command -v kubectl >/dev/null; then
    TOOL=kubectl
  elif command -v wget >/dev/null; then
    TOOL="busybox wget"
  else
    return 64
  fi
  manager_proxies
  echo "tool=$TOOL"
  echo "proxy=${HTTPS_PROXY:-${https_proxy:-}}"
  ask /version
  ended=$?
  echo "clock=$(date +%s)"
  echo "ended=$ended"
  echo "status=$(answered)"
  echo "date=$(printf '%s\n' "$ANSWER" | tr -d '\r' | sed -n 's/.*[Dd]ate: *\([A-Z][a-z][a-z], .* GMT\).*/\1/p' | tail -n 1)"
  echo "version=$(printf '%s\n' "$ANSWER" | sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' | tail -n 1)"
  if [ -z "$(answered)" ]; then
    echo "said=$(complaint)"
    return
  fi
  # A token that was just made is signed into cluster-info a moment later.
  wait_until 6 1 signature_is_known
  echo "info_status=$(answered)"
  case $ANSWER in
    *\"jws-kubeconfig-"$TOKEN"\"*) echo "token=1" ;;
    *'"kubeconfig"'*) echo "token=0" ;;
  esac
}

# Whether there is nothing to wait for: the signature is there, or cluster-info cannot be read.
signature_is_known() {
  ask /api/v1/namespaces/kube-public/configmaps/cluster-info
  [ "$(answered)" = 200 ] || return 0
  case $ANSWER in *\"jws-kubeconfig-"$TOKEN"\"*) ;; *) return 1 ;; esac
}
# --- preflight: what kubeadm asks of a node before it joins it, and what an earlier join has left ------------------------
# key=value lines; what could not be told has none.
probe_preflight() {
  echo "clock=$(date +%s)"
  echo "ip_forward=$(cat /proc/sys/net/ipv4/ip_forward)"
  if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
    echo "bridge_filter=$(cat /proc/sys/net/bridge/bridge-nf-call-iptables)"
  else
    echo "bridge_filter=absent"
  fi
  if [ -r /proc/swaps ]; then
    echo "swap=$(awk 'NR > 1 { print $1 }' /proc/swaps | tr '\n' ' ')"
  fi
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo "cgroup=2"
    if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then echo "memory=1"; else echo "memory=0"; fi
  elif [ -f /proc/cgroups ]; then
    echo "cgroup=1"
    echo "memory=$(awk '$1 == "memory" { on = $4 } END { print on + 0 }' /proc/cgroups)"
  fi
  command -v getent >/dev/null || return 0
  timeout -k 1 5 getent ahosts "$(cat /proc/sys/kernel/hostname)" >/dev/null
  case $? in # 2: there is no such name
    0) echo "resolves=1" ;;
    2) echo "resolves=0" ;;
  esac
}

# Those of the programs $1… that are not there.
missing_tools() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
}

# The Node's name that kubeadm gave to the kubelet, where it is not the hostname.
hostname_override() {
  [ ! -f /var/lib/kubelet/kubeadm-flags.env ] ||
    sed -n 's/.*--hostname-override[= ]\([^" ]*\).*/\1/p' /var/lib/kubelet/kubeadm-flags.env
}

# The name under which the kubelet registers.
node_name() {
  given=$(hostname_override | head -n 1)
  printf '%s\n' "${given:-$(cat /proc/sys/kernel/hostname)}" | tr '[:upper:]' '[:lower:]'
}

# key=value lines. Whether the kubelet is started with kubeadm's kubeconfig for TLS bootstrap can only be told where
# the unit starts the kubelet itself, and not a script around it.
probe_kubelet_settings() {
  echo "override=$(hostname_override)"
  if [ -f /var/lib/kubelet/config.yaml ]; then
    echo "cgroup_driver=$(sed -n 's/^cgroupDriver: *"\{0,1\}\([a-z]*\).*/\1/p' /var/lib/kubelet/config.yaml)"
  fi
  command -v systemctl >/dev/null || return 0
  unit=$(timeout -k 1 20 systemctl show kubelet.service -p ExecStart -p Environment) || return
  case $unit in
    *--bootstrap-kubeconfig*) echo "bootstraps=1" ;;
    *"path=/"*"/kubelet ;"*)
      files=$(timeout -k 1 20 systemctl show kubelet.service -p EnvironmentFiles) || return
      printf '%s\n' "$files" | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*/\1/p' | {
        answer=0
        while IFS= read -r file; do
          if [ -f "$file" ] && grep -q -e --bootstrap-kubeconfig -- "$file"; then answer=1; fi
        done
        echo "bootstraps=$answer"
      }
      ;;
  esac
}

# The name of the process that listens on TCP port 10250 (280A); 64 where none does.
probe_kubelet_port() {
  socket=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$2 ~ /:280A$/ && $4 == "0A" { print $10; exit }') || return
  [ -n "$socket" ] || return 64
  # shellcheck disable=SC2012 # names of links and what they lead to, of processes that come and go meanwhile
  folder=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v socket="socket:[$socket]" \
    '/^\/proc\// { folder = $0 } $NF == socket { print folder; exit }')
  folder=${folder%:}
  if [ -z "$folder" ] || ! cat "${folder%/fd}/comm" 2>/dev/null; then echo "a process that could not be found"; fi
}

# The certificates among what is read, whole ones only: a key may stand in the same file.
certificates() {
  awk '/^-----BEGIN / { block = ""; inside = ($0 ~ /^-----BEGIN CERTIFICATE-----/) }
    inside { block = block $0 "\n" }
    inside && /^-----END CERTIFICATE-----/ { printf "%s", block; inside = 0 }'
}

# The CA that the kubelet trusts, or else the one that kubeadm wrote before. 64 where there is neither.
probe_cluster_ca() {
  file=/etc/kubernetes/pki/ca.crt
  if [ -f /etc/kubernetes/kubelet.conf ]; then
    data=$(sed -n 's/^ *certificate-authority-data: *"\{0,1\}\([A-Za-z0-9+/=]*\).*/\1/p' /etc/kubernetes/kubelet.conf)
    if [ -n "$data" ]; then
      printf '%s\n' "$data" | head -n 1 | base64 -d | certificates
      return
    fi
    named=$(sed -n 's/^ *certificate-authority: *"\{0,1\}\([^"]*\).*/\1/p' /etc/kubernetes/kubelet.conf | head -n 1)
    [ -z "$named" ] || file=$named
  fi
  [ -f "$file" ] || return 64
  certificates <"$file"
}

probe_client_certificate() {
  [ -f /var/lib/kubelet/pki/kubelet-client-current.pem ] || return 64
  certificates </var/lib/kubelet/pki/kubelet-client-current.pem
}
# --- alone, looking: what the engine asks its probe, as far as a script can tell on the node itself ---------------------
# Sets LOOK to what this node is, and SEEN to the sentence that says so:
#   fresh   nothing is joined; an attempt may succeed
#   half    what an earlier join has left would fail the next one; a reset cures it
#   asleep  it has joined, and its kubelet does not run or has no Node: it makes one when it starts
#   waking  it has joined, and systemd is about to start its kubelet; one that stays so is asleep
#   late    it has joined, its kubelet runs, and the Node is not Ready or from before the last boot: it may be so in a moment
#   unknown it has joined, and how it stands could not be read: it may be so in a moment, and before that nothing may be done
#   member  a healthy member (or one that waits for the pod network alone); nothing is to be done
#   stop    it has joined, and how it stands cannot be told or is not this cluster's business: nothing may be done
look() {
  kubelet_conf=/etc/kubernetes/kubelet.conf
  if [ ! -f "$kubelet_conf" ]; then
    LOOK=fresh SEEN="this node has not joined a cluster"
    for file in /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env; do
      [ ! -e "$file" ] || LOOK=half SEEN="an earlier join was left half done ($file is there, $kubelet_conf is not)"
    done
    return
  fi
  server=$(sed -n 's/^ *server: *//p' "$kubelet_conf" | head -n 1)
  LOOK=stop
  if [ "$server" != "https://$WANTED" ]; then
    SEEN="this node has joined the cluster at ${server:-an unknown address}, and the command names $WANTED; if it is to leave that one, reset it first (\`kfleet script reset --aggressive\` prints the script)"
    return
  fi
  command -v kubectl >/dev/null || {
    without_certificate || SEEN="this node has joined, and without kubectl it cannot be told whether it is a healthy member; install kubectl"
    return
  }
  node=$(node_name)
  if ! object=$(node_object "$kubelet_conf" "$node" 2>&1); then
    case $object in
      *'(NotFound)'*'nodes "'*) LOOK=asleep SEEN="it has joined, but the API server has no Node $node" ;;
      *)
        LOOK=unknown
        without_certificate || SEEN="this node has joined, and its Node could not be read: $(printf '%s\n' "$object" | tail -n 1)"
        ;;
    esac
    return
  fi
  judge_member
}

# Whether the certificate that kubelet.conf names is gone; then sets LOOK and SEEN. It may hold one itself instead, and the
# file is none of its business.
without_certificate() {
  certificate=/var/lib/kubelet/pki/kubelet-client-current.pem
  grep -q "^ *client-certificate: *[\"']\{0,1\}$certificate" "$kubelet_conf" && [ ! -e "$certificate" ] || return
  LOOK=half SEEN="its client certificate is gone, so its kubelet cannot speak to the API server"
}

# The same of a Node that was read into $object.
judge_member() {
  ready=$(value_of ready)
  message=$(value_of message)
  if [ -z "$(value_of machine_id)" ]; then
    LOOK=unknown SEEN="the Node $node names no machine yet"
  elif [ "$(value_of machine_id)" != "$(cat /etc/machine-id)" ]; then
    SEEN="the Node $node belongs to another machine (another machine id); delete it on the control plane if it is stale: kubectl delete node $node"
  elif kubelet_state=$(systemctl show -p ActiveState --value kubelet.service) && [ "$kubelet_state" != active ]; then
    SEEN="kubelet.service is ${kubelet_state:-in no known state}"
    case $kubelet_state in activating | deactivating | reloading | refreshing) LOOK=waking ;; *) LOOK=asleep ;; esac
  elif [ "$(value_of boot_id)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    LOOK=late SEEN="the Node $node is from before the last boot: the kubelet has not reported since"
  elif [ "$ready" = True ]; then
    LOOK=member SEEN="the Node $node has this machine's id and is Ready"
  elif waits_for_cni; then
    LOOK=member SEEN="the Node $node has this machine's id and waits for the pod network (CNI) alone"
  else
    LOOK=late SEEN="the Node $node is Ready=${ready:-unknown}: $message"
  fi
}

value_of() { printf '%s\n' "$object" | sed -n "s/^$1=//p" | head -n 1; }

# Whether the pod network is all that the kubelet misses, in its own words from 1.20 on.
waits_for_cni() {
  [ "$ready" = False ] || return
  case $message in *'network not ready'*) ;; *) return 1 ;; esac
  printf '%s\n' "$message" | sed 's/^\[//; s/\]$//; s/, /\
/g' | awk '!/^(container )?runtime network not ready/ && !/^CSINode is not yet initialized/ { other = 1 } END { exit other }'
}

# Whether the Node is this machine's, and has reported since $BEGAN (by the clock of this machine, as its kubelet writes
# it): one from before a reset still has all the right ids.
has_registered() {
  node=$(node_name)
  object=$(node_object /etc/kubernetes/kubelet.conf "$node" 2>&1) || return
  judge_member
  [ "$LOOK" = member ] && has_reported
}

# Whether the Node $node that was just read into $object has done so.
has_reported() {
  awk -v beat="$(value_of heartbeat)" -v began="$BEGAN" 'BEGIN { exit !(beat "" >= began "") }' || {
    # shellcheck disable=SC2034 # for another part
    SEEN="the Node $node is there, but has not reported since the join"
    return 1
  }
}

registered_or_stopped() { [ -e "$BASE.stop" ] || has_registered; }

name_is_taken() { grep -q '" already exists in the cluster' "$1"; }

# Prints why no reset can help after a failed join, from kubeadm's output in file $1; 1 where one may help. kubeadm's own
# words, unchanged since 1.17.
no_reset_helps() {
  if grep -q 'could not find a JWS signature' "$1"; then
    echo 'the token is not known to the cluster: it has expired, was deleted or belongs to another one; make a new command on the control plane (kubeadm token create --print-join-command)'
  elif name_is_taken "$1"; then
    echo 'a Node of this name is in the cluster and Ready; if it is this machine as it was before a reset, wait a minute or delete it on the control plane (kubectl delete node NAME), then run this again'
  elif grep -qE 'x509: certificate has expired or is not yet valid' "$1"; then
    echo "a certificate is not valid at this time, which here is $(date -u '+%Y-%m-%d %H:%M UTC'); compare the clocks of this node and of the control plane"
  elif grep -qE 'none of the public keys|x509: |cluster CA found in cluster-info' "$1"; then
    echo 'the API server does not belong to the cluster of the hash in the command; make a new command on the control plane (kubeadm token create --print-join-command)'
  elif grep -qE "couldn't validate the identity of the API Server|unable to fetch the kubeadm-config ConfigMap" "$1"; then
    echo "the API server at $WANTED does not answer this node as it should; see that it runs and that this node reaches it"
  else
    # of its preflight checks a reset cures leftovers, a port that an old kubelet holds, and a sick runtime
    failed=$(sed -n 's/^[[:space:]]*\[ERROR \([^]]*\)\].*/\1/p' "$1")
    [ -n "$failed" ] || return 1
    ! printf '%s\n' "$failed" | grep -qE '^(FileAvailable|DirAvailable|Port-10250|CRI|Service-Kubelet)' || return 1
    echo "kubeadm's preflight names what no reset cures ($(printf '%s\n' "$failed" | in_a_row)); mend that, then run this again"
  fi
}

# Sets CONFIG to what containerd's config.toml should be, where a script can make it: the present text where it serves as it
# is; the default where there is none, or nothing in it but CRI disabled; else with exact lines changed, and no others.
# containerd itself judges the result before anything is touched, and again when it runs with it.
choose_containerd_config() {
  command -v containerd >/dev/null || {
    say "refused: there is no containerd here"
    return 76
  }
  text=
  if [ -f "$CONFIG_FILE" ]; then text=$(cat "$CONFIG_FILE" && printf x) || return; fi
  text=${text%x}
  if [ -n "$text" ] && dump=$(timeout -k 1 30 containerd config dump 2>/dev/null) && [ -z "$(printf '%s\n' "$dump" | cgroupfs_in_dump)" ]; then
    CONFIG=$text
    return
  fi
  if [ -z "$(printf '%s' "$text" | with_cri | sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' -e '/^version = [123]$/d' -e '/^disabled_plugins = \[\]$/d')" ]; then
    text=$(timeout -k 1 20 containerd config default && printf x) || {
      say "refused: containerd does not print its default config"
      return 76
    }
    text=${text%x}
  fi
  CONFIG=$(printf '%s' "$text" | with_cri | with_systemd_cgroup && printf x) || return
  CONFIG=${CONFIG%x}
}

# Takes CRI out of the one line that disables plugins.
with_cri() {
  awk '
    /^disabled_plugins = \[.*\]$/ {
      line = $0
      sub(/^disabled_plugins = \[/, "", line)
      sub(/\]$/, "", line)
      n = split(line, plugins, ",")
      line = ""
      for (i = 1; i <= n; i++) {
        name = plugins[i]
        gsub(/[ "\047]/, "", name)
        if (name == "" || name == "cri" || name ~ /^io\.containerd\.(grpc\.v1\.cri$|cri\.v1\.|podsandbox\.controller\.v1\.)/) continue
        sub(/^ */, "", plugins[i])
        line = line (line == "" ? "" : ", ") plugins[i]
      }
      print "disabled_plugins = [" line "]"
      next
    }
    { print }'
}

# In the options of runc, by its usual name in a table of its own: the key set, where it is there or not.
with_systemd_cgroup() {
  awk '
    function leave() { if (options && !seen) print indent "SystemdCgroup = true"; options = 0 }
    /^ *\[/ {
      leave()
      if ($0 ~ /^ *\[plugins\.("io\.containerd\.grpc\.v1\.cri"|\047io\.containerd\.(grpc\.v1\.cri|cri\.v1\.runtime)\047|"io\.containerd\.cri\.v1\.runtime")\.containerd\.runtimes\.runc\.options\]$/) {
        options = 1
        seen = 0
        indent = $0
        sub(/\[.*/, "  ", indent)
      }
    }
    options && /^ *SystemdCgroup = (true|false)$/ { seen = 1; sub(/false$/, "true") }
    options && /^ *$/ && !seen { leave() }
    { print }
    END { leave() }'
}
# --- alone, before an attempt: what would fail it and no reset cures, so that nothing is tried or reset in vain ------------
# These are the findings of kfleet that block a join, in its words. Prints them, a line each. What could not be told is no
# reason to stop: then kubeadm is to say it.
blockers() {
  ignored=$(ignored_checks)
  api_blocks
  machine_blocks
}

ignored_checks() { sed -n 's/.*"ignorePreflightErrors": \[\(.*\)\].*/\1/p' "$BASE.yaml" | tr '[:upper:]' '[:lower:]'; }

# $2 blocks, unless the command says to ignore kubeadm's check $1.
blocks() {
  check=$(printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]')
  case $ignored in *'"all"'* | *"\"$check\""*) ;; *) printf '%s\n' "$2" ;; esac
}

# The API server, as this node sees it. Only the public half of the token goes there.
api_blocks() {
  ENDPOINT=$WANTED
  TOKEN=$(sed -n 's/.*"tlsBootstrapToken": "\([a-z0-9]*\)\..*/\1/p' "$BASE.yaml")
  # shellcheck disable=SC2034 # for value_of
  object=$(api_view 2>/dev/null) || return 0
  if [ -n "$(value_of status)" ]; then
    [ "$(value_of token):$(value_of info_status)" != 0:200 ] || dead_token
    return
  fi
  # how kubeadm reads the exceptions from a proxy may differ from how the asking tool does
  [ -n "$(value_of proxy)" ] || out_of_reach "$(value_of said | tr -d '[:cntrl:]')"
}

dead_token() {
  echo "the API server does not know the token $TOKEN of the join command, or it has expired: make a new command on the control plane (kubeadm token create --print-join-command)"
}

# By the words $1 of curl, GNU and busybox wget, and Go (kubectl); others tell nothing.
out_of_reach() {
  case $1 in
    *'resolve host'* | *'bad address'* | *'Name or service not known'* | *'Temporary failure in name resolution'* | *'no such host'* | *'no suitable address'* | *'server misbehaving'*)
      echo "cannot look up the API server $ENDPOINT from the node: $1: make \`getent hosts NAME\` answer on the node: its DNS servers, or a line in /etc/hosts"
      ;;
    *refused*)
      echo "nothing answers at the API server's $ENDPOINT from the node: $1: is the API server up (\`crictl ps\` on its machine), and is this its address and port?"
      ;;
    *'timed out'* | *timeout* | *Timeout* | *'deadline exceeded'* | *'o route to host'* | *unreachable* | *'peration not permitted'* | *'Permission denied'*)
      echo "no way leads to the API server $ENDPOINT from the node: $1: look for a firewall or a missing route: \`ip route get ADDRESS\` on the node"
      ;;
    *SSL* | *TLS* | *tls* | *x509* | *handshake* | *'HTTP response to HTTPS'* | *'reset by peer'* | *'Empty reply'* | *EOF*)
      echo "no API server speaks at $ENDPOINT from the node: $1: \`openssl s_client -connect HOST:PORT\` on the node shows who answers there"
      ;;
  esac
}

# The machine. A kubelet that holds its port is for a reset to stop.
machine_blocks() {
  # shellcheck disable=SC2034 # for value_of
  object=$(probe_preflight 2>/dev/null)
  minor=$(timeout -k 1 20 kubeadm version -o short 2>/dev/null | sed -n 's/^v1\.\([0-9][0-9]*\).*/\1/p')
  swap=$(value_of swap | sed 's/ *$//; s/ /, /g')
  if [ -n "$swap" ] && [ "${minor:-99}" -lt 23 ]; then
    blocks Swap "it swaps to $swap, and the kubelet does not start with swap unless told to: \`swapoff -a\`, and take it out of /etc/fstab; or let the cluster's kubelet configuration say failSwapOn: false"
  fi
  case $WANTED:$(value_of ip_forward) in
    '['*) ;; # kubeadm asks for it where the address is none of IPv6
    *:0) blocks FileContent--proc-sys-net-ipv4-ip_forward "the kernel does not forward IPv4 packets (net.ipv4.ip_forward is 0), so pods reach nothing: \`sysctl -w net.ipv4.ip_forward=1\`, and \`net.ipv4.ip_forward = 1\` in /etc/sysctl.d/k8s.conf" ;;
  esac
  bridged=
  case $(value_of bridge_filter) in
    0) bridged='net.bridge.bridge-nf-call-iptables is 0' ;;
    absent) bridged='the kernel module br_netfilter is not loaded' ;;
  esac
  if [ -n "$bridged" ] && [ "${minor:-99}" -lt 30 ]; then
    blocks FileContent--proc-sys-net-bridge-bridge-nf-call-iptables "bridged packets do not pass iptables ($bridged): \`modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1\`, and both in /etc/modules-load.d and /etc/sysctl.d"
  fi
  if [ ! -e /etc/kubernetes/kubelet.conf ] && by=$(probe_kubelet_port) && [ "$by" != kubelet ]; then
    blocks Port-10250 "$by listens on port 10250, which is the kubelet's: \`ss -ltnp sport = :10250\` shows who listens; stop it or move it"
  fi
  case $(value_of memory),$(value_of cgroup) in
    0,2) memory="cgroups have no memory controller: the kernel has it off, or a hierarchy of version 1 holds it" ;;
    0,*) memory="the kernel has the memory controller of cgroups off" ;;
    *) memory= ;;
  esac
  [ -z "$memory" ] || blocks SystemVerification "$memory: boot with cgroup_enable=memory; in a container, see to the host's cgroups"
}

# Fails where no attempt can succeed, and says why.
ready() {
  why=$(blockers)
  [ -n "$why" ] || return 0
  tell "this node cannot join as it is, and no reset would help:"
  printf '%s\n' "$why" | sed 's/^/  - /'
  tell "mend that, then run this again"
  return 1
}

# Docker's package brings a config of containerd that disables CRI: kubeadm refuses it, and no more than that one file has
# to be changed.
enable_cri() {
  case $(timeout -k 1 30 containerd config dump 2>/dev/null | cgroupfs_in_dump) in *'CRI, which is disabled'*) ;; *) return 0 ;; esac
  tell "containerd has its CRI plugin disabled, which is changed first"
  choose_containerd_config && phase_containerd && return
  rc=$?
  case $rc in
    76) tell "no join can succeed as long as CRI is disabled: take it out of disabled_plugins in /etc/containerd/config.toml and restart containerd" ;;
    130) ;;
    *) rc=0 ;; # the attempt and the resets after it have their own say
  esac
  return "$rc"
}

# Whether $LOOK may pass by itself, or with a kubelet that is restarted, and that was not tried since the last attempt.
may_pass() {
  case $LOOK:$waited in waking:*time*) LOOK=asleep ;; esac
  case $LOOK in
    asleep) remedy=restart ;;
    waking | late | unknown) remedy='time' ;;
    *) return 1 ;;
  esac
  case $waited in *"$remedy"*) return 1 ;; esac
  waited="$waited $remedy"
}

# A kubelet makes its Node when it starts, and never later; and one that has just started has not reported yet.
wake() {
  # shellcheck disable=SC2034 # for another part
  BEGAN=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  if [ "$LOOK" = asleep ]; then
    tell "restart: its kubelet, before anything is reset"
    phase_restart
    rc=$?
    case $rc in 76 | 130) return "$rc" ;; esac
  fi
  printf '==> wait for the Node'
  steady=no
  [ "$LOOK" != unknown ] || steady=yes
  wait_ends=$(($(uptime_seconds) + 120))
  wait_until 40 3 passed_or_over
  if [ "$LOOK" = member ]; then printf ': done\n'; else printf ': in vain\n'; fi
  [ ! -e "$BASE.stop" ] || return 130
  [ "$LOOK" = member ] || tell "look: $SEEN"
}

# The clock of the kernel counts too, as each look at an API server that is silent takes its time.
passed_or_over() { [ -e "$BASE.stop" ] || passed || [ "$(uptime_seconds)" -ge "$wait_ends" ]; }

# Of a kubelet that was down the Node stays Ready for a while, so it must have reported anew.
passed() {
  look
  case $LOOK in
    member) [ "$steady" = yes ] || has_reported ;;
    unknown) return 1 ;;
    asleep | waking | late)
      steady=no
      return 1
      ;;
  esac
}

# kubeadm's part of an attempt. After a reset of ours the API server has the old Node as Ready for up to 50 s more
# (node-monitor-grace-period), and kubeadm refuses to take its name for so long.
attempt_join() {
  # shellcheck disable=SC2034 # for another part
  CONFIGURATION=$(cat "$BASE.yaml")
  tries=6
  until phase_join; do
    rc=$?
    tries=$((tries - 1))
    case $rc in 76 | 130) return "$rc" ;; esac
    # shellcheck disable=SC2154 # of another part
    [ "$reset_any" = yes ] && [ "$tries" -gt 0 ] && name_is_taken "$BASE.said" || return "$rc"
    tell "the API server still has the Node from before the reset as Ready; the join is tried again in a moment"
    ! wait_until 18 1 test -e "$BASE.stop" || return 130
    # shellcheck disable=SC2034 # for another part
    CONFIGURATION=$(configuration_for_another_try)
  done
}

# Before kubeadm looks at the name it writes the CA that it has just verified, and its preflight would complain of that file.
# Besides "all", it takes no other check.
configuration_for_another_try() {
  case $(ignored_checks) in
    *'"all"'*) cat "$BASE.yaml" ;;
    *'"'*) sed 's/"ignorePreflightErrors": \[/&"FileAvailable--etc-kubernetes-pki-ca.crt", /' "$BASE.yaml" ;;
    *) sed 's/"criSocket":/"ignorePreflightErrors": ["FileAvailable--etc-kubernetes-pki-ca.crt"], &/' "$BASE.yaml" ;;
  esac
}
# --- alone: what kfleet does around the phases, for one person at one console ------------------------------------------
# The work is done by the unit kfleet.service: that name is the lock of every kfleet, systemd keeps it, and it cannot go
# stale as a folder or a file with a process id could; and the work outlives this terminal.

# Where the script begins: $1… are the words of its user.
alone() {
  case ${1-} in -h | --help) usage && return ;; esac
  alone_file || return
  case $TASK in
    'a join')
      case $#:${1-} in
        0: | 1:)
          usage >&2
          return 2
          ;;
        1:-) set -- "$(cat)" ;;
      esac
      parse_join_command "$*" >&2 && only_containerd >&2 || return 2
      ;;
    *)
      [ "$#:${1-}" = 1:--yes ] || {
        usage >&2
        return 2
      }
      ;;
  esac
  if [ "$(id -u)" -ne 0 ]; then
    say "this needs root: sudo sh $0 …" >&2
    return 2
  fi
  if [ ! -d /run/systemd/system ]; then
    say "refused: systemd does not run this machine, and kubelet and containerd could not be managed"
    return 3
  fi
  hand_over && watch_unit
}

# kubeadm takes the socket without its scheme too, and /var/run is /run.
only_containerd() {
  case ${SOCKET#unix://} in
    "${CRI_SOCKET#unix://}" | "/var${CRI_SOCKET#unix://}") return ;;
  esac
  say "the join command has --cri-socket $SOCKET; only the containerd behind $CRI_SOCKET can be reset and repaired here"
  return 1
}

# The comment that this file begins with.
usage() { sed -n '2,/^[^#]/{ /^#/!d; /^# shellcheck/d; s/^# \{0,1\}//; p; }' "$0" 2>/dev/null || echo "usage: sudo sh FILE …"; }

# Steps go on in namespaces of their own by running this file again, so there must be one.
alone_file() {
  [ -f "$0" ] && head -n 2 "$0" | grep -q '^# kfleet .*: stand-alone' && return
  say "this script runs itself again for what it does apart, so it must be a file: save it, then run: sudo sh FILE …" >&2
  return 2
}

# Writes what the unit needs, and starts it.
hand_over() {
  umask 077
  ID=$(date -u +%Y%m%dt%H%M%Sz)-$$
  BASE=/run/kfleet/$ID
  # shellcheck disable=SC2034 # for another part
  WHAT="kfleet: $TASK by the stand-alone script, $ID"
  PEER=$(remote_peer)
  mkdir -p /run/kfleet && chmod 0700 /run/kfleet || return 1
  if [ "$TASK" = "a join" ]; then
    command -v kubeadm >/dev/null || {
      say "refused: kubeadm is not installed here"
      return 3
    }
    version=$(timeout -k 1 20 kubeadm version -o short) && api_version=$(configuration_version "$version") || {
      say "refused: kubeadm here is ${version:-silent about its version}; kfleet knows v1.15 and later"
      return 3
    }
    join_configuration "$api_version" >"$BASE.yaml" || return 1
  fi
  cp -- "$0" "$BASE.sh" && : >"$BASE.out" && launch_start inside alone_unit "$ID" "$PEER" "${ENDPOINT-}" && return
  phase_is_not active activating || say "refused: kfleet is at work on this machine already; let that come to its end first"
  rm -f -- "$BASE.sh" "$BASE.yaml" "$BASE.out"
  return 3
}

# Prints whence this terminal is reached over SSH: "unknown" where that is hidden, nothing on a console. sudo drops the
# variable, so it is looked for in the processes above; a terminal multiplexer may hide whoever is behind it.
remote_peer() {
  [ -z "${SSH_CONNECTION-}" ] || {
    printf '%s\n' "${SSH_CONNECTION%% *}"
    return
  }
  process=$$
  hidden=
  while [ "${process:-0}" -gt 1 ]; do
    found=$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([^ ]*\).*/\1/p' | head -n 1)
    if [ -n "$found" ]; then
      printf '%s\n' "$found"
      return
    fi
    { read -r name <"/proc/$process/comm"; } 2>/dev/null || name=
    case $name in sshd* | dropbear* | mosh-server* | tmux* | screen* | SCREEN*) hidden=unknown ;; esac
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
  done
  printf '%s\n' "$hidden"
}

# Shows what the unit prints until it ends; the result is what it wrote at its end.
watch_unit() {
  echo "kfleet: at work as kfleet.service; all that it prints is also in $BASE.out"
  interrupts=0
  trap 'interrupted' INT TERM
  # shellcheck disable=SC2034 # for another part
  OFFSET=0
  {
    launch_follow
    : >"$BASE.followed"
  } &
  follower=$!
  until [ -e "$BASE.followed" ]; do
    [ ! -e "$BASE.ask" ] || ask_to_keep
    sleep 0.2
  done
  trap - INT TERM
  rm -f -- "$BASE.followed" "$BASE.ask" "$BASE.stop" "$BASE.keep" "$BASE.said"
  if [ ! -s "$BASE.end" ]; then
    say "the work was killed before its end, so what it was at may be half done; run this again, it looks first"
    return 1
  fi
  read -r code <"$BASE.end"
  rm -f -- "$BASE.end"
  return "$code"
}

interrupted() {
  interrupts=$((interrupts + 1))
  if [ "$interrupts" -gt 1 ]; then
    echo
    leave_terminal
    say "kfleet.service finishes its step and stops by itself; see $BASE.out"
    exit 130
  fi
  : >"$BASE.stop"
  echo
  say "the step that runs is brought to its end, and nothing is started after it (Ctrl-C again leaves without waiting)"
}

# Nothing is printed there any more, and it is as it was.
leave_terminal() {
  followers=$(children_of "$follower")
  # shellcheck disable=SC2086 # numbers; one may have ended by itself
  kill "$follower" $followers 2>/dev/null
  [ -z "${saved-}" ] || stty "$saved" </dev/tty
}

# Over SSH, new firewall rules are kept only if they let somebody in. $BASE.keep says yes; the unit waits for it.
ask_to_keep() {
  rm -f -- "$BASE.ask"
  # nobody may be there to be asked
  { saved=$(stty -g </dev/tty); } 2>/dev/null || return
  echo
  say "the firewall has new rules. Log in to this machine once more from elsewhere; if that works, press Enter here to keep them. Without it the old ones return in $ROLLBACK_SECONDS s."
  stty -icanon min 0 time 5 </dev/tty
  ask_until=$(($(date +%s) + ROLLBACK_SECONDS - 2))
  while [ "$(date +%s)" -lt "$ask_until" ] && [ ! -e "$BASE.followed" ]; do
    pressed=$(dd bs=1 count=1 </dev/tty 2>/dev/null | tr -cd '\n\r' | wc -c)
    if [ "${pressed:-0}" -gt 0 ]; then # nothing where Ctrl-C came in between
      : >"$BASE.keep"
      break
    fi
  done
  stty "$saved" </dev/tty
}

# --- in the unit: $1 the id, $2 whence its user is connected, $3 the API server that the command names ---------------------
alone_unit() {
  umask 022
  ID=$1 PEER=$2 WANTED=$3
  BASE=/run/kfleet/$ID
  # shellcheck disable=SC2034 # for another part
  BACKUP=/var/lib/kfleet/backup/$ID
  KFLEET_PEER=$PEER
  [ "$PEER" != unknown ] || KFLEET_PEER=
  export KFLEET_PEER
  reset_any=no
  before=$(all_protected)
  if [ "$TASK" = "a join" ]; then alone_join; else reset_to "$TASK" && tell "this node is reset: every step of the $TASK reset ended well"; fi
  code=$?
  [ "$reset_any" = no ] || compare_protected || code=1
  case $code in 0 | 1 | 3 | 130) ;; 76) code=3 ;; *) code=1 ;; esac
  case $code in 3) tell "refused; the lines above say why" ;; 130) tell "stopped as asked, between two steps; run this again to go on" ;; esac
  printf '%s\n' "$code" >"$BASE.end.new" && mv -- "$BASE.end.new" "$BASE.end"
  return "$code"
}

tell() { printf '\n%s\n' "$*"; }

# The ladder: nothing is reset unless a look has just found that this is no healthy member, and that a join can succeed.
alone_join() {
  level=none
  attempt=0
  waited=
  look
  tell "look: $SEEN"
  while :; do
    if may_pass; then
      wake || return
      [ "$attempt:$LOOK" = 0:fresh ] || [ "$LOOK" != fresh ] || LOOK=half
      continue
    fi
    case $LOOK in
      member)
        case $attempt:$waited in
          0:) tell "nothing to do: $SEEN" ;;
          0:*) tell "nothing more to do: $SEEN" ;;
          *) tell "kubeadm failed, but $SEEN" ;;
        esac
        return
        ;;
      stop | unknown)
        tell "this is no node to be reset for a join. $(so_far)."
        return 1
        ;;
    esac
    ready && enable_cri || return
    if [ "$LOOK" != fresh ]; then
      climb || return
      continue
    fi
    attempt=$((attempt + 1))
    # shellcheck disable=SC2034 # for another part
    BEGAN=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    tell "attempt $attempt: join the cluster at $WANTED"
    waited=
    attempt_join && {
      prove
      return
    }
    rc=$?
    case $rc in 76 | 130) return "$rc" ;; esac
    if why=$(no_reset_helps "$BASE.said"); then
      tell "this node has not joined: $why. $(so_far), as that would not help."
      return 1
    fi
    look
    case $LOOK in
      fresh) LOOK=half ;; # so that a reset comes before the next attempt
      member | half) ;;
      *) tell "look: $SEEN" ;;
    esac
  done
}

so_far() { if [ "$reset_any" = no ]; then echo "It was not reset"; else echo "It was reset before this ($level), and is not reset again"; fi; }

# The next level, and the reset.
climb() {
  case $level in
    none) level=gentle ;;
    gentle) level=aggressive ;;
    *)
      tell "this node has not joined, after resets of all levels; what kubeadm said last is above, and the kubelet's own words are in: journalctl -u kubelet"
      return 1
      ;;
  esac
  tell "reset: $level"
  reset_to "$level" || return
  LOOK=fresh
}

reset_to() {
  if [ "$1" = aggressive ]; then choose_containerd_config || return; fi
  reset_any=yes
  "phase_$1" || return
  [ "$1" != aggressive ] || settle_rules
}

# Success is the Node of this machine, reporting.
prove() {
  printf '==> wait for the Node'
  SEEN="it is not there"
  if ! command -v kubectl >/dev/null; then
    SEEN="kubectl is not installed here"
  elif wait_until 100 3 registered_or_stopped; then
    if [ -e "$BASE.stop" ]; then
      printf ': stopped\n'
      return 130
    fi
    printf ': done\n'
    tell "joined after $attempt attempt$([ "$attempt" -eq 1 ] || echo s): $SEEN"
    return
  fi
  printf ': FAILED\n'
  tell "kubeadm ended well, but that this node is a healthy member is not proven: $SEEN; look on the control plane: kubectl get nodes"
  return 1
}

# --- one step ------------------------------------------------------------------------------------------------------------
# $1 its place, $2 its title, $3 its function. Prints the title before, the result behind, and between them what it said.
must() {
  take_step "$@"
  case $rc in 0 | 64) return 0 ;; esac
  return "$rc"
}
may() {
  take_step "$@"
  case $rc in 76 | 130) return "$rc" ;; esac
  return 0
}
take_step() {
  rc=130
  [ ! -e "$BASE.stop" ] || return 0
  printf '==> [%s] %s' "$1" "$2"
  ("$3") >"$BASE.said" 2>&1
  rc=$?
  [ ! -s "$BASE.said" ] || { echo && sed 's/^/      /' "$BASE.said"; }
  step_result
}

# The same for what takes minutes: its output is shown as it comes.
watch() {
  rc=130
  [ ! -e "$BASE.stop" ] || return "$rc"
  printf '==> [%s] %s\n' "$1" "$2"
  written=$(wc -c <"$BASE.out")
  ("$3")
  rc=$?
  tail -c "+$((written + 1))" "$BASE.out" >"$BASE.said"
  step_result
  return "$rc"
}

# Behind the title where nothing was said, else in a line of its own.
step_result() {
  case $rc in
    0) result='done' ;;
    64) result="nothing to do" ;;
    76) result=REFUSED ;;
    124 | 137) result="FAILED: it took too long" ;;
    *) result="FAILED (status $rc)" ;;
  esac
  if [ -s "$BASE.said" ]; then printf '    %s\n' "$result"; else printf ': %s\n' "$result"; fi
}

# --- the firewall's way back ---------------------------------------------------------------------------------------------
# On a console nobody can be locked out. Over SSH the new rules are kept if whoever watches says that they let him in; else
# the old ones are put back here and now, as the timer would wait for this unit to end.
settle_rules() {
  [ -e "$FIREWALL/armed" ] || return 0
  if [ -n "$PEER" ]; then
    : >"$BASE.ask"
    if ! wait_until "$ROLLBACK_SECONDS" 1 test -e "$BASE.keep"; then
      roll_back_now "$FIREWALL/copies" "$FIREWALL/copies"
      disarm_firewall >/dev/null
      tell "nobody confirmed the new firewall rules, so the old ones are back; run this again from a console, or answer in time"
      return 1
    fi
  fi
  state=$(disarm_firewall)
  [ "$state" = disarmed ] && return
  tell "the timer that restores the firewall could not be taken back ($state), so the old rules are or will be back"
  return 1
}

# --- protected paths before and after ---------------------------------------------------------------------------------
all_protected() {
  set -f
  old_ifs=$IFS
  IFS=$NEWLINE
  # shellcheck disable=SC2086 # a line each
  set -- $PROTECT
  IFS=$old_ifs
  set +f
  probe_protected yes "$@"
}

# Fails where one is another folder now, has other mounts, or fewer entries than in $before.
compare_protected() {
  after=$(all_protected)
  worse=$(printf '%s\n.\n%s\n' "$before" "$after" | awk '
    function path() { return substr($0, length($1 $2 $3 $4) + 5) }
    $0 == "." { second = 1; next }
    !second { inode[path()] = $1; top[path()] = $2; all[path()] = $3; mounts[path()] = $4; next }
    inode[path()] == "absent" { next }
    inode[path()] == "silent" || $1 != inode[path()] || $4 != mounts[path()] ||
      ($2 != "-" && top[path()] != "-" && $2 + 0 < top[path()] + 0) || ($3 != "-" && all[path()] != "-" && $3 + 0 < all[path()] + 0) {
      print path()
    }') || worse="all of them, as they could not be compared"
  if [ -n "$worse" ]; then
    tell "these protected paths are not as they were, or did not answer: $(printf '%s\n' "$worse" | in_a_row)"
    return 1
  fi
  tell "protected paths are as they were: $(printf '%s\n' "$PROTECT" | in_a_row)"
}
# --- phase: restart ---
restart_0() {
ALLOW_CONTROL_PLANE=no
check_worker
}
restart_1() {
reload_units
}
restart_2() {
set -- kubelet.service
restart_unit "$@"
}
phase_restart() {
must 1/3 'check that this is a worker' restart_0 || return
must 2/3 'reload systemd units' restart_1 || return
must 3/3 'restart kubelet.service' restart_2 || return
}
# --- phase: containerd ---
containerd_0() {
ALLOW_CONTROL_PLANE=no
check_worker
}
containerd_1() {
check_containerd_is_ours
}
containerd_2() {
check_containerd_config
}
containerd_3() {
SHARED=no
apply_containerd_config
}
phase_containerd() {
must 1/4 'check that this is a worker' containerd_0 || return
must 2/4 'check that nobody else uses containerd' containerd_1 || return
must 3/4 "check containerd's new config" containerd_2 || return
must 4/4 'configure and start containerd' containerd_3 || return
}
# --- phase: join ---
join_0() {
ALLOW_CONTROL_PLANE=no
check_worker
}
join_1() {
reload_units
}
join_2() {
JOIN_SECONDS=900
join_cluster
}
phase_join() {
must 1/3 'check that this is a worker' join_0 || return
must 2/3 'reload systemd units' join_1 || return
watch 3/3 'kubeadm join' join_2 || return
}
# --- phase: gentle ---
gentle_0() {
ALLOW_CONTROL_PLANE=no
check_worker
}
gentle_1() {
UNMOUNTED='/var/lib/kubelet /run/containerd /var/lib/containerd @kubelet @containerd-state @containerd-root /run/netns /run/calico /run/cilium'
set -- /var/lib/kubelet /etc/kubernetes /var/lib/cni @kubelet
check_roots "$@"
}
gentle_2() {
backup
}
gentle_3() {
set -- @kubelet
note_moved "$@"
}
gentle_4() {
move_kubeconfig
}
gentle_5() {
move_dropins
}
gentle_6() {
remove_tmp_leftovers
}
gentle_7() {
UNIT=kubelet.service
stop_unit
}
gentle_8() {
remove_pods
}
gentle_9() {
ROOT=/var/lib/kubelet
LAZY=no
set --
unmount_below "$@"
}
gentle_10() {
ROOT=@kubelet
LAZY=no
set -- pods plugins plugins_registry plugin-containers pod-resources device-plugins image_manager cpu_manager_state memory_manager_state dra_manager_state pod_status_manager_state allocated_pods_state actuated_pods_state
unmount_below "$@"
}
gentle_11() {
kubeadm_reset
}
gentle_12() {
ROOT=/var/lib/kubelet
set --
remove_contents
}
gentle_13() {
ROOT=/etc/kubernetes
set -- manifests pki tmp super-admin.conf kubelet.conf bootstrap-kubelet.conf controller-manager.conf scheduler.conf admin.conf
remove_entries "$@"
}
gentle_14() {
ROOT=@kubelet
set -- pods plugins plugins_registry plugin-containers pod-resources device-plugins image_manager cpu_manager_state memory_manager_state dra_manager_state pod_status_manager_state allocated_pods_state actuated_pods_state
remove_entries "$@"
}
gentle_15() {
reload_units
}
gentle_16() {
restart_containerd
}
gentle_17() {
await_cri
}
gentle_18() {
set -- @kubelet
forget_moved "$@"
}
phase_gentle() {
must 1/19 'check that this is a worker' gentle_0 || return
must 2/19 'check that no protected path is in reach' gentle_1 || return
must 3/19 'keep copies of configuration' gentle_2 || return
must 4/19 'note moved folders' gentle_3 || return
may 5/19 "move root's kubeconfig of this cluster aside" gentle_4 || return
may 6/19 'move broken kubelet drop-ins aside' gentle_5 || return
may 7/19 'remove leftovers in /tmp' gentle_6 || return
must 8/19 'stop kubelet.service' gentle_7 || return
may 9/19 'remove pods' gentle_8 || return
must 10/19 'unmount below /var/lib/kubelet' gentle_9 || return
must 11/19 "unmount below kubelet's moved folder" gentle_10 || return
may 12/19 'kubeadm reset' gentle_11 || return
must 13/19 'remove contents of /var/lib/kubelet' gentle_12 || return
must 14/19 "remove Kubernetes' files in /etc/kubernetes" gentle_13 || return
must 15/19 "remove Kubernetes' files in kubelet's moved folder" gentle_14 || return
must 16/19 'reload systemd units' gentle_15 || return
must 17/19 'restart containerd' gentle_16 || return
may 18/19 'wait for the container runtime' gentle_17 || return
must 19/19 'forget moved folders' gentle_18 || return
}
# --- phase: aggressive ---
aggressive_0() {
ALLOW_CONTROL_PLANE=no
check_worker
}
aggressive_1() {
UNMOUNTED='/var/lib/kubelet /run/containerd /var/lib/containerd @kubelet @containerd-state @containerd-root /run/netns /run/calico /run/cilium'
set -- /var/lib/kubelet /etc/kubernetes /var/lib/cni /etc/cni/net.d /run/flannel /run/containerd /var/lib/containerd /var/log/pods /var/log/containers @kubelet @containerd-state @containerd-root /run/netns /var/lib/calico /run/calico /run/cilium /var/lib/kube-router /var/lib/weave /sys/fs/bpf/tc/globals
check_roots "$@"
}
aggressive_2() {
check_snapshotters
}
aggressive_3() {
check_containerd_is_ours
}
aggressive_4() {
set -- cni0 cbr0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6 vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali bpfin.cali bpfout.cali cilium_host cilium_net cilium_vxlan cilium_geneve cilium_wg0 vethwe-bridge vethwe-datapath vethwe-pcap weave datapath vxlan-6784 kube-bridge kube-dummy-if kube-ipvs0 nodelocaldns lxc_health
check_ssh_device "$@"
}
aggressive_5() {
check_containerd_config
}
aggressive_6() {
backup
}
aggressive_7() {
set -- @kubelet @containerd-state @containerd-root
note_moved "$@"
}
aggressive_8() {
move_kubeconfig
}
aggressive_9() {
move_dropins
}
aggressive_10() {
remove_tmp_leftovers
}
aggressive_11() {
UNIT=kubelet.service
stop_unit
}
aggressive_12() {
remove_pods
}
aggressive_13() {
ROOT=/var/lib/kubelet
LAZY=yes
set --
unmount_below "$@"
}
aggressive_14() {
ROOT=@kubelet
LAZY=yes
set -- pods plugins plugins_registry plugin-containers pod-resources device-plugins image_manager cpu_manager_state memory_manager_state dra_manager_state pod_status_manager_state allocated_pods_state actuated_pods_state
unmount_below "$@"
}
aggressive_15() {
kubeadm_reset
}
aggressive_16() {
ROOT=/var/lib/kubelet
set --
remove_contents
}
aggressive_17() {
ROOT=/etc/kubernetes
set -- manifests pki tmp super-admin.conf kubelet.conf bootstrap-kubelet.conf controller-manager.conf scheduler.conf admin.conf
remove_entries "$@"
}
aggressive_18() {
ROOT=@kubelet
set -- pods plugins plugins_registry plugin-containers pod-resources device-plugins image_manager cpu_manager_state memory_manager_state dra_manager_state pod_status_manager_state allocated_pods_state actuated_pods_state
remove_entries "$@"
}
aggressive_19() {
UNIT=kube-proxy.service
stop_unit
}
aggressive_20() {
UNIT=flanneld.service
stop_unit
}
aggressive_21() {
UNIT=flannel.service
stop_unit
}
aggressive_22() {
UNIT=containerd.service
stop_unit
}
aggressive_23() {
kill_pods
}
aggressive_24() {
ROOT=/run/netns
remove_pod_netns
}
aggressive_25() {
ROOT=/run/containerd
LAZY=yes
set --
unmount_below "$@"
}
aggressive_26() {
ROOT=@containerd-state
LAZY=yes
set -- 'io.containerd.*'
unmount_below "$@"
}
aggressive_27() {
ROOT=/var/lib/containerd
LAZY=yes
set --
unmount_below "$@"
}
aggressive_28() {
ROOT=@containerd-root
LAZY=yes
set -- 'io.containerd.*' tmpmounts
unmount_below "$@"
}
aggressive_29() {
ROOT=/run/containerd
set --
remove_contents
}
aggressive_30() {
ROOT=@containerd-state
set -- 'io.containerd.*'
remove_entries "$@"
}
aggressive_31() {
ROOT=/var/lib/containerd
set --
remove_contents
}
aggressive_32() {
ROOT=@containerd-root
set -- 'io.containerd.*' tmpmounts
remove_entries "$@"
}
aggressive_33() {
ROOT=/var/log/pods
set --
remove_contents
}
aggressive_34() {
ROOT=/var/log/containers
set --
remove_contents
}
aggressive_35() {
ROOT=/run/flannel
set --
remove_contents
}
aggressive_36() {
ROOT=/var/lib/cni
set -- networks results cache flannel
remove_cni_state "$@"
}
aggressive_37() {
ROOT=/etc/cni/net.d
set -- 10-flannel.conflist 10-flannel.conf 10-calico.conflist 10-canal.conflist calico-kubeconfig 05-cilium.conflist 05-cilium.conf 10-weave.conflist 10-weave.conf 10-kuberouter.conflist 10-kuberouter.conf 10-antrea.conflist 10-kindnet.conflist 00-multus.conf 00-multus.conflist multus.d 00-kube-ovn.conflist 01-kube-ovn.conflist 10-ovn-kubernetes.conf 10-aws.conflist 10-azure.conflist
remove_entries "$@"
}
aggressive_38() {
reload_units
}
aggressive_39() {
SHARED=no
apply_containerd_config
}
aggressive_40() {
FROM=''
ROLLBACK_SECONDS=90
arm_firewall
}
aggressive_41() {
purge_firewall
}
aggressive_42() {
set -- cni0 cbr0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6 vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali bpfin.cali bpfout.cali cilium_host cilium_net cilium_vxlan cilium_geneve cilium_wg0 vethwe-bridge vethwe-datapath vethwe-pcap weave datapath vxlan-6784 kube-bridge kube-dummy-if kube-ipvs0 nodelocaldns lxc_health
delete_links "$@"
}
aggressive_43() {
ROOT=/run/calico
LAZY=yes
set --
unmount_below "$@"
}
aggressive_44() {
ROOT=/run/cilium
LAZY=yes
set --
unmount_below "$@"
}
aggressive_45() {
ROOT=/run/calico
set --
remove_contents
}
aggressive_46() {
ROOT=/run/cilium
set --
remove_contents
}
aggressive_47() {
ROOT=/var/lib/kube-router
set --
remove_contents
}
aggressive_48() {
ROOT=/var/lib/weave
set --
remove_contents
}
aggressive_49() {
ROOT=/var/lib/calico
set --
remove_contents
}
aggressive_50() {
ROOT=/sys/fs/bpf/tc/globals
set -- 'cilium_*' 'cali_*'
remove_entries "$@"
}
aggressive_51() {
set -- @kubelet @containerd-state @containerd-root
forget_moved "$@"
}
phase_aggressive() {
must 1/52 'check that this is a worker' aggressive_0 || return
must 2/52 'check that no protected path is in reach' aggressive_1 || return
must 3/52 'check how containerd keeps snapshots' aggressive_2 || return
must 4/52 'check that nobody else uses containerd' aggressive_3 || return
must 5/52 'check the way of this connection' aggressive_4 || return
must 6/52 "check containerd's new config" aggressive_5 || return
must 7/52 'keep copies of configuration' aggressive_6 || return
must 8/52 'note moved folders' aggressive_7 || return
may 9/52 "move root's kubeconfig of this cluster aside" aggressive_8 || return
may 10/52 'move broken kubelet drop-ins aside' aggressive_9 || return
may 11/52 'remove leftovers in /tmp' aggressive_10 || return
must 12/52 'stop kubelet.service' aggressive_11 || return
may 13/52 'remove pods' aggressive_12 || return
must 14/52 'unmount below /var/lib/kubelet' aggressive_13 || return
must 15/52 "unmount below kubelet's moved folder" aggressive_14 || return
may 16/52 'kubeadm reset' aggressive_15 || return
must 17/52 'remove contents of /var/lib/kubelet' aggressive_16 || return
must 18/52 "remove Kubernetes' files in /etc/kubernetes" aggressive_17 || return
must 19/52 "remove Kubernetes' files in kubelet's moved folder" aggressive_18 || return
must 20/52 'stop kube-proxy.service' aggressive_19 || return
must 21/52 'stop flanneld.service' aggressive_20 || return
must 22/52 'stop flannel.service' aggressive_21 || return
must 23/52 'stop containerd.service' aggressive_22 || return
may 24/52 'kill leftover containers' aggressive_23 || return
may 25/52 'remove network namespaces of pods' aggressive_24 || return
must 26/52 'unmount below /run/containerd' aggressive_25 || return
must 27/52 "unmount below containerd's moved state" aggressive_26 || return
must 28/52 'unmount below /var/lib/containerd' aggressive_27 || return
must 29/52 "unmount below containerd's moved root" aggressive_28 || return
must 30/52 'remove contents of /run/containerd' aggressive_29 || return
must 31/52 "remove Kubernetes' files in containerd's moved state" aggressive_30 || return
must 32/52 'remove contents of /var/lib/containerd' aggressive_31 || return
must 33/52 "remove Kubernetes' files in containerd's moved root" aggressive_32 || return
must 34/52 'remove contents of /var/log/pods' aggressive_33 || return
must 35/52 'remove contents of /var/log/containers' aggressive_34 || return
must 36/52 'remove contents of /run/flannel' aggressive_35 || return
must 37/52 "remove Kubernetes' files in /var/lib/cni" aggressive_36 || return
must 38/52 "remove Kubernetes' files in /etc/cni/net.d" aggressive_37 || return
must 39/52 'reload systemd units' aggressive_38 || return
must 40/52 'configure and start containerd' aggressive_39 || return
must 41/52 'arm the timer that restores the firewall' aggressive_40 || return
must 42/52 'remove firewall rules' aggressive_41 || return
must 43/52 'delete pod network interfaces' aggressive_42 || return
must 44/52 'unmount below /run/calico' aggressive_43 || return
must 45/52 'unmount below /run/cilium' aggressive_44 || return
must 46/52 'remove contents of /run/calico' aggressive_45 || return
must 47/52 'remove contents of /run/cilium' aggressive_46 || return
must 48/52 'remove contents of /var/lib/kube-router' aggressive_47 || return
must 49/52 'remove contents of /var/lib/weave' aggressive_48 || return
must 50/52 'remove contents of /var/lib/calico' aggressive_49 || return
must 51/52 "remove Kubernetes' files in /sys/fs/bpf/tc/globals" aggressive_50 || return
must 52/52 'forget moved folders' aggressive_51 || return
}
{ case ${1-} in inside) shift; "$@" </dev/null; exit ;; esac; alone "$@"; exit; }
}
