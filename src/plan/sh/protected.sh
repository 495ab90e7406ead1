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
