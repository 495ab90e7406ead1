# How a step runs whose output is parsed. It changes nothing, so what a guard in it refuses is one answer that is not to be
# had, and no reason to go without the others. Its output ends one byte after the longest that is read, which tells that it
# was cut; whoever prints on gets SIGPIPE. What was said on standard error, and behind it the status, come by fd 5.
run() {
  said=$({ { ("step_$1") 2>&5 3>&- 4>&- 5>&-; echo " $?" >&5; } 2>&5 | head -c 1048577 >&4 3>&- 4>&- 5>&-; } 5>&1)
  failed=${said##* }
  case $failed in
    0) return ;;
    76 | '' | *[!0-9]*) failed=1 ;;
  esac
  printf '%.65536s' "${said% *}"
  return "$failed"
}
