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
