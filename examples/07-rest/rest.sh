# A job by REST: `sh rest.sh body.json`. Needs bep with the extra serve, and curl.
set -eu

bep serve --port 0 >serve.txt 2>serve.log &
server=$!
# waited for, or the next try would ask a server that is going away
trap 'kill $server; wait $server || true' EXIT

# the scoring URI is there as soon as the server is
until SCORING_URI=$(bep show endpoint/moods --query scoring_uri -o tsv) && [ -n "$SCORING_URI" ]; do
  kill -0 $server || { cat serve.log >&2; exit 1; }
  sleep 0.2
done

SCORING_TOKEN=$(bep token create --name "rest-$$" --role invoke --expires 1h)

# field NAME...: what the answer on stdin has there
field() {
  python3 -c 'import functools, json, sys; print(functools.reduce(dict.get, sys.argv[1:], json.load(sys.stdin)))' "$@"
}

response=$(curl --silent --show-error --location --request POST "$SCORING_URI" \
  --header "Authorization: Bearer $SCORING_TOKEN" \
  --header "Content-Type: application/json" \
  --data "@$1")
JOB_ID=$(echo "$response" | field id)
JOB=${JOB_ID##*/}
echo "posted: $JOB" >&2

while :; do
  status=$(curl --silent --show-error "$SCORING_URI/$JOB" --header "Authorization: Bearer $SCORING_TOKEN" |
    field properties status)
  echo "$status" >&2
  case $status in
    Completed) break ;;
    Failed | Canceled) exit 1 ;;
  esac
  sleep 0.5
done

cat "$(bep job show "$JOB" --query outputs.score.file -o tsv)"
