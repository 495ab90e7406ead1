# shellcheck shell=sh disable=SC2059 # only passes on what it is called with
# Read before a phase's script by the same shell. A step begins with a mark, which the script prints.
interrupt_at=none interrupt_after=0
if [ -s /run/testbed/interrupt ]; then
    read -r interrupt_at interrupt_after </run/testbed/interrupt
    sed -i 1d /run/testbed/interrupt
fi

# Between begin and work of each step: who looks at the phase from far away keeps up with it.
pace=
[ ! -e /run/testbed/pace ] || read -r pace </run/testbed/pace

# Where a step is held, two minutes are what a test may take for what it does meanwhile.
held() {
    hold_tries=1200
    while read -r hold_at <"/run/testbed/hold" && [ "begin $hold_at" = "$1" ] && [ "$hold_tries" -gt 0 ]; do
        sleep 0.1 3>&- 4>&-
        hold_tries=$((hold_tries - 1))
    done 2>/dev/null
}

printf() {
    command printf "$@" || return
    case ${3-} in "begin "*) [ -z "$pace" ] || sleep "$pace" 3>&- 4>&- && held "$3" ;; esac
    case ${3-} in
    "begin $interrupt_at")
        if [ "$interrupt_after" = 0.000 ]; then
            systemctl kill --signal=KILL kfleet.service
            sleep 60
        else
            (sleep "$interrupt_after" && exec systemctl kill --signal=KILL kfleet.service) 3>&- 4>&- &
        fi
        ;;
    esac
}
