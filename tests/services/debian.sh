# Debian's packages that tests use, where they are not here yet: the shells that completion is tried in, besides bash,
# a browser for pages, what asks a server from a shell, what starts commands side by side, what reads shell scripts, and
# what lays cables between the nodes of a cluster.
set -eu
missing=
for program in zsh fish chromium curl parallel shellcheck; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$(PATH="$PATH:/usr/sbin:/sbin" command -v ip)" ] || missing="$missing iproute2"
[ -n "$missing" ] || exit 0
missing="$missing fonts-dejavu-core" # a browser draws no letter without a font
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if ! command -v apt-get >/dev/null || { [ -n "$as_root" ] && ! command -v sudo >/dev/null; }; then
  echo "install$missing: tests use them" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a word for each package
$as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
  $as_root apt-get update -qq
  $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
}
