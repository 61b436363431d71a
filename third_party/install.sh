#!/usr/bin/env bash
# Installs what deps.tsv lists, on Debian 12 and Ubuntu 22.04 and 24.04.
#   third_party/install.sh [group...]     groups: build (the default), test, e2e, bench
# Does nothing, quickly and without the network, when all is there.
set -euo pipefail
cd "$(dirname "$0")"

groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(build)

wanted=()
for group in "${groups[@]}"; do
	mapfile -t packages < <(awk -F'\t' -v g="$group" '!/^#/ && $1 == g { print $2 }' deps.tsv)
	if [ ${#packages[@]} -eq 0 ]; then
		echo "install.sh: no group '$group' in third_party/deps.tsv" >&2
		exit 2
	fi
	wanted+=("${packages[@]}")
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	if [ -n "${PARLEY_SKIP_DEPS:-}" ]; then
		exit 0
	fi
	cat >&2 <<-TEXT
		install.sh: this system has no apt. Install the equivalents of these Debian packages by hand
		(third_party/deps.tsv says what each is for), then set PARLEY_SKIP_DEPS=1 and go on:
		  ${wanted[*]}
		Go 1.26 or newer must be on PATH too.
	TEXT
	exit 1
fi

missing=()
for package in "${wanted[@]}"; do
	# Node.js from elsewhere than Debian brings npm along, and refuses Debian's.
	if [ "$package" = npm ] && command -v npm >/dev/null; then
		continue
	fi
	status=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null || true)
	[[ " $status" == *" installed "* ]] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "install.sh: missing: ${missing[*]}" >&2
			echo "install.sh: run as root: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
			exit 1
		fi
		as_root=(sudo)
	fi
	echo "installing: ${missing[*]}"
	apt_install() {
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" </dev/null
	}
	# A new machine has no package lists, an old one has lists of versions that are gone.
	if ! apt_install >/dev/null 2>&1; then
		"${as_root[@]}" apt-get update -qq
		if ! apt_install; then
			echo "install.sh: apt could not install the packages above. On Ubuntu they need the component" >&2
			echo "install.sh: 'universe': sudo add-apt-repository universe" >&2
			exit 1
		fi
	fi
fi

for group in "${groups[@]}"; do
	if [ "$group" = build ]; then
		./go.sh install
	fi
done
