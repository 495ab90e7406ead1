# --- guard: what stands between a delete and somebody's data -------------------------------------------------
say() { printf 'kfleet: %s\n' "$*"; }

# A path as mountinfo spells it, back to its bytes. Ends in an x, so that a newline at the end survives "$( )".
# shellcheck disable=SC2059 # the octal escapes are what printf is wanted for; percent signs are doubled before
unescape() { printf "$(printf %s "$1" | sed 's/%/%%/g')x"; }

# Sets REAL to where $1 leads, links resolved; parts that do not exist are taken as written.
real() {
  REAL=$(readlink -m -- "$1" && printf x) || return 1
  REAL=${REAL%??}
}

# Whether path $1 is $2 or lies below it.
within() {
  case $1 in "$2" | "$2"/*) return 0 ;; esac
  [ "$2" = / ]
}

# mountinfo writes space, tab, newline and backslash as octal; all comparing is done on what they stand for.
UNESCAPE='function un(s, o, i) {
  o = ""
  while ((i = index(s, "\\")) > 0) {
    o = o substr(s, 1, i - 1) sprintf("%c", substr(s, i + 1, 1) * 64 + substr(s, i + 2, 1) * 8 + substr(s, i + 3, 1))
    s = substr(s, i + 4)
  }
  return o s
}'

# Sets PLACE to "major:minor path-in-file-system" of $1 (resolved, existing): equal for all bind mounts of one
# folder, whatever they are called. The kernel says by mnt_id which mount the path is on.
place() {
  ID=$({ while read -r key value; do [ "$key" != mnt_id: ] || printf %s "$value"; done </proc/self/fdinfo/9; } 9<"$1") || return 1
  [ -n "$ID" ] || return 1
  PLACE=$(X=$1 awk -v id="$ID" "$UNESCAPE"'
    $1 == id {
      mount = un($5); root = un($4); x = ENVIRON["X"]
      if (mount == "/") mount = ""
      if (root == "/") root = ""
      path = root substr(x, length(mount) + 1)
      if (path == "") path = "/"
      printf "%s %sx", $3, path
      found = 1
    }
    END { exit !found }' /proc/self/mountinfo) || return 1
  PLACE=${PLACE%x}
}

# Whether places $1 and $2 are one, or one lies in the other.
touch_each_other() {
  [ "${1%% *}" = "${2%% *}" ] || return 1
  within "${1#* }" "${2#* }" || within "${2#* }" "${1#* }"
}

# Mount points below $1 (resolved), as mountinfo spells them, deepest first.
mounts_below() {
  X=$1 awk "$UNESCAPE"'
    {
      mount = un($5); x = ENVIRON["X"]
      if (x == "/" ? mount != "/" : index(mount, x "/") == 1) print gsub("/", "/", mount), NR, $5
    }' /proc/self/mountinfo | sort -k1,1nr -k2,2nr | cut -d' ' -f3
}

# Places of all mounts at or below $1 (resolved), one per line, newlines in names made harmless by the escape.
places_below() {
  X=$1 awk "$UNESCAPE"'
    {
      mount = un($5); x = ENVIRON["X"]
      if (mount == x || index(mount, x "/") == 1) print $3 " " $4
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
  printf '%s\n' "$PROTECT" | while IFS= read -r protected; do
    guard_against "$1" "$protected" || exit 76
  done
}

guard_against() {
  if within "$2" "$1" || within "$1" "$2"; then
    say "refused: $1 and the protected path $2 lie in each other"
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
  timeout -k 1 10 stat -L -- "$2" >/dev/null 2>&1
  case $? in
    0) ;;
    1) return 0 ;; # nothing is there to lose
    *)
      say "refused: the protected path $2 does not answer (is its disk or server away?)"
      return 76
      ;;
  esac
  inode=$(stat -Lc %d:%i -- "$kept") && place "$kept" || {
    say "refused: cannot tell where the protected path $2 lies"
    return 76
  }
  if [ "$inode" = "$ROOT_INODE" ] || touch_each_other "$PLACE" "$ROOT_PLACE"; then
    say "refused: $1 is the protected path $2 under another name ($ROOT_PLACE, $PLACE)"
    return 76
  fi
  for inner in $(places_below "$kept" | tr ' ' ,); do
    inner_root=$(unescape "${inner#*,}")
    inner_place="${inner%%,*} ${inner_root%x}"
    if touch_each_other "$inner_place" "$ROOT_PLACE"; then
      say "refused: $1 is part of the protected path $2 under another name ($inner_place)"
      return 76
    fi
  done
}

# 75 unless nothing is mounted below $1 (resolved).
unmounted() {
  left=$(mounts_below "$1")
  [ -n "$left" ] || return 0
  say "still mounted below $1, so nothing in it is removed:"
  printf '%s\n' "$left"
  return 75
}

# Runs function $1 with the rest as its arguments in a mount namespace of its own, where nobody can mount anything
# between the last look and the delete, and where protected folders are empty and read-only.
secluded() { unshare --mount --propagation private -- /bin/sh "$0" inside "$@"; }

# Inside that namespace: covers every protected folder.
cover_protected() {
  printf '%s\n' "$PROTECT" | while IFS= read -r protected; do
    [ -d "$protected" ] || continue
    real "$protected" && mount -t tmpfs -o ro,size=4k,mode=0 kfleet "$REAL" || {
      say "refused: cannot cover the protected path $protected"
      exit 76
    }
  done
}
