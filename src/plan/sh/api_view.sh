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
