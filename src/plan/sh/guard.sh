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
