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
