mark() { printf '\n\036%s %s\n' "$N" "$*" >&3 || exit 99; }
# Between steps a phase can be asked to end. The file says by whom.
HALT=${KFLEET_HALT-}
may_go_on() {
  [ -n "$HALT" ] && [ -e "$HALT" ] || return 0
  cat -- "$HALT"
  mark "halt $1"
  exit 1
}
step() {
  may_go_on "$1"
  mark "begin $1"
  run "$1"
  rc=$?
  mark "end $1 $rc"
  return $rc
}
# 64: there was nothing to do. 76: a guard refused, which ends the script whatever the step.
need() { step "$1" || [ "$rc" -eq 64 ] || { mark "stop $1"; exit 1; }; }
may() { step "$1" || [ "$rc" -ne 76 ] || { mark "stop $1"; exit 1; }; }
