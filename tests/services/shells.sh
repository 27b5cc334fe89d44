# The shells that completion is tried in, besides bash: from Debian's packages, where they are not here yet.
set -eu
missing=
for shell in zsh fish; do
  command -v "$shell" >/dev/null || missing="$missing $shell"
done
[ -n "$missing" ] || exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if ! command -v apt-get >/dev/null || { [ -n "$as_root" ] && ! command -v sudo >/dev/null; }; then
  echo "install$missing: completion is tried in them" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a word for each package
$as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
  $as_root apt-get update -qq
  $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
}
