#!/bin/sh
# Orchestra's hook: hands an agent's hook event to Orchestra and prints its answer.
#
#   orchestra-hook BRAND [open|closed]
#
# BRAND is claude, codex, cursor or factory. Without an answer, `open` (the default) lets the agent
# go on, and `closed` blocks the call. The address is ORCHESTRA_URL; the key is in ORCHESTRA_<BRAND>_KEY,
# or in the file keys/<brand>.key of ORCHESTRA_STATE_DIR.
set -uf

brand=${1:-}
mode=${2:-open}
url=${ORCHESTRA_URL:-http://127.0.0.1:8700}

without_answer() {
  printf 'orchestra-hook: %s\n' "$1" >&2
  case $mode in
    open)
      printf '{}\n'
      exit 0
      ;;
  esac
  [ "$brand" = cursor ] && printf '{"permission":"deny","user_message":"Orchestra gave no answer: %s","agent_message":"Orchestra gave no answer (%s), so this is blocked. Tell the person; do not look for another way."}\n' "$1" "$1"
  exit 2
}

case $mode in
  open | closed) ;;
  *)
    mode=closed
    without_answer 'the second word is open or closed'
    ;;
esac

case $brand in
  claude) key=${ORCHESTRA_CLAUDE_KEY:-} ;;
  codex) key=${ORCHESTRA_CODEX_KEY:-} ;;
  cursor) key=${ORCHESTRA_CURSOR_KEY:-} ;;
  factory) key=${ORCHESTRA_FACTORY_KEY:-} ;;
  *) without_answer 'the first word is claude, codex, cursor or factory' ;;
esac

if [ -z "$key" ] && [ -r "${ORCHESTRA_STATE_DIR:-/nonexistent}/keys/$brand.key" ]; then
  read -r key <"$ORCHESTRA_STATE_DIR/keys/$brand.key" || :
fi
case $key in
  '') without_answer "there is no key: set the variable for $brand, or ORCHESTRA_STATE_DIR" ;;
  *[!A-Za-z0-9_]*) without_answer 'the key is not one of Orchestra' ;;
esac

case $url in
  http://127.0.0.1* | http://localhost* | 'http://[::1]'*) direct='--noproxy *' ;;
  *) direct= ;;
esac
case $mode in
  open) seconds=4 ;;
  closed) seconds=8 ;;
esac

# The key goes through a file descriptor: what is in an argument, everybody on the machine can read.
# shellcheck disable=SC2086
said=$(
  exec curl -q -sS $direct --connect-timeout 1 --max-time "$seconds" \
    -H @/dev/fd/3 -H 'Content-Type: application/json' -H 'Expect:' \
    -w '\n%{http_code}' --data-binary @- "${url%/}/api/v1/hooks/$brand" 3<<EOF
Authorization: Bearer $key
EOF
) || without_answer "Orchestra does not answer"

status=${said##*
}
[ "$status" = 200 ] || without_answer "Orchestra answered $status"
printf '%s\n' "${said%
*}"
