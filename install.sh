#!/bin/sh
# Installs async-deno from a release archive after checking its SHA-256.
#
#   sh install.sh ARCHIVE [--prefix DIR] [--sums FILE | --sha256 HEX]
#
# ARCHIVE is the path or the URL of async-deno-VERSION-ARCHITECTURE.tar.gz. The executable becomes
# DIR/bin/async-deno; DIR defaults to /usr/local for root, and to ~/.local for other users. The expected
# SHA-256 is read from the file SHA256SUMS next to the archive, or from the path or URL given by --sums.
# Such a file detects a broken download only. A checksum from a trusted source, given by --sha256, also
# detects a manipulated archive.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

archive='' prefix='' sums='' expected=''
while [ $# -gt 0 ]; do
  case $1 in
  --prefix | --sums | --sha256)
    [ -n "${2-}" ] || fail "$1 needs a value"
    case $1 in
    --prefix) prefix=$2 ;;
    --sums) sums=$2 ;;
    --sha256) expected=$(printf %s "$2" | tr 'A-F' 'a-f') ;;
    esac
    shift
    ;;
  -h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  -*) fail "unknown option $1: the options are --prefix, --sums and --sha256" ;;
  *)
    [ -z "$archive" ] || fail "one archive at a time, not $archive and $1"
    archive=$1
    ;;
  esac
  shift
done
[ -n "$archive" ] || fail "give the path or the URL of the archive: sh install.sh ARCHIVE"
name=${archive##*/}
case $name in
*"$(uname -m)"-unknown-linux-gnu.tar.gz) ;;
*) fail "$name is not for this machine, which is $(uname -m)-unknown-linux-gnu" ;;
esac
if [ -z "$prefix" ]; then
  if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi

work=$(mktemp -d)
installing=''
trap 'rm -rf "$work" ${installing:+"$installing"}' EXIT
trap 'exit 1' HUP INT TERM

# Copies the file at a path or a URL.
fetch() {
  case $1 in
  http://* | https://*)
    if command -v curl >/dev/null; then
      curl --fail --silent --show-error --location --output "$2" "$1" || fail "cannot download $1"
    elif command -v wget >/dev/null; then
      wget --quiet --output-document="$2" "$1" || fail "cannot download $1"
    else
      fail "cannot download $1: install curl or wget"
    fi
    ;;
  *) cp "$1" "$2" || fail "cannot read $1" ;;
  esac
}

fetch "$archive" "$work/archive"
if [ -z "$expected" ]; then
  [ -n "$sums" ] || sums=${archive%"$name"}SHA256SUMS
  fetch "$sums" "$work/sums"
  expected=$(awk -v name="$name" '{ sub(/^\*/, "", $2) } $2 == name { print $1; exit }' "$work/sums")
  [ -n "$expected" ] || fail "$sums has no checksum of $name"
fi
actual=$(sha256sum "$work/archive" | cut -d ' ' -f 1)
[ "$actual" = "$expected" ] || fail "$name is not what was released: its SHA-256 is $actual, and should be $expected"

tar -xzf "$work/archive" -C "$work" || fail "cannot unpack $name"
executable=$work/${name%.tar.gz}/async-deno
[ -f "$executable" ] || fail "there is no executable in $name"
mkdir -p "$prefix/bin" || fail "cannot write to $prefix/bin: run as root, or choose another --prefix"
# Copy next to the old executable, then rename over it: a running server keeps the file that it was started from.
installing=$prefix/bin/.async-deno.$$
cp "$executable" "$installing" || fail "cannot write to $prefix/bin: run as root, or choose another --prefix"
chmod 755 "$installing"
version=$("$installing" --version) || fail "the executable does not run here: it needs glibc 2.27 or later"
mv -f "$installing" "$prefix/bin/async-deno"
installing=''
echo "$version is installed: $prefix/bin/async-deno"
case :$PATH: in
*":$prefix/bin:"*) ;;
*) echo "Your shell does not search this folder: add $prefix/bin to PATH, or use the full path." ;;
esac
