#!/usr/bin/env bash
# Finds the Go that builds Parley.
#   third_party/go.sh            prints the folder of a new enough go, or fails with what to do
#   third_party/go.sh install    gets one into .cache/go when there is none
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cache=$root/.cache/go

need=$(awk '$1 == "go" { print $2; exit }' "$root/go.mod") # such as 1.26.0
need_minor=$(cut -d. -f2 <<<"$need")

# new_enough: what the go command says inside the module counts, so that one
# that fetches the toolchain which go.mod asks for is good, too.
new_enough() {
	local version minor
	[ -x "$1" ] || return 1
	version=$(cd "$root" && "$1" env GOVERSION 2>/dev/null) || return 1
	minor=$(sed -n 's/^go1\.\([0-9]*\).*/\1/p' <<<"$version")
	[ -n "$minor" ] && [ "$minor" -ge "$need_minor" ]
}

find_go() {
	local candidate
	for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go "$cache"/usr/lib/go-1.*/bin/go; do
		if new_enough "$candidate"; then
			dirname "$candidate"
			return
		fi
	done
	return 1
}

give_up() {
	echo "go.sh: Parley needs Go $need or newer, and this machine has none." >&2
	echo "go.sh: install golang-1.$need_minor or the Go project's own release, and put its bin folder on PATH." >&2
	exit 1
}

# from_apt unpacks Debian's golang package into .cache/go. Nothing is installed
# and the machine's own package sources stay as they are: a newer release's
# backports are looked at with lists of our own. The compiler is a static
# program, so that an older release runs it as well.
from_apt() {
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	local work package=golang-1.$need_minor mirror keyring suite
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$work'" EXIT
	if apt-get download --print-uris "$package-go" "$package-src" >/dev/null 2>&1; then
		(cd "$work" && apt-get -qq download "$package-go" "$package-src")
	else
		. /etc/os-release
		[ "${ID:-}" = debian ] || return 1
		mirror=$(debian_mirror)
		keyring=/usr/share/keyrings/debian-archive-keyring.gpg
		[ -n "$mirror" ] && [ -r "$keyring" ] || return 1
		mkdir -p "$work/lists/partial" "$work/archives/partial"
		: >"$work/status"
		local options=(-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists"
			-o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=
			-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none)
		for suite in trixie-backports forky; do
			echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
			apt-get "${options[@]}" -qq update || continue
			(cd "$work" && apt-get "${options[@]}" -qq download "$package-go" "$package-src") && break
		done
	fi
	compgen -G "$work/*.deb" >/dev/null || return 1
	rm -rf "$cache.new"
	mkdir -p "$cache.new"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$cache.new"
	done
	rm -rf "$cache"
	mv "$cache.new" "$cache"
}

# debian_mirror prints the address that this machine gets Debian from, out of
# both forms of apt's source lists.
debian_mirror() {
	local lists=()
	mapfile -t lists < <(find /etc/apt/sources.list /etc/apt/sources.list.d \( -name '*.list' -o -name '*.sources' \) 2>/dev/null | sort)
	[ ${#lists[@]} -gt 0 ] || return 0
	awk '$1 == "deb" || $1 == "URIs:" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:.*\/debian\/?$/) { print $i; exit } }' "${lists[@]}"
}

case ${1:-find} in
find) find_go || give_up ;;
install)
	find_go >/dev/null && exit 0
	echo "getting Go 1.$need_minor into .cache/go"
	from_apt && find_go >/dev/null || give_up
	;;
*)
	echo "usage: $0 [find|install]" >&2
	exit 2
	;;
esac
