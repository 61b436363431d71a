#!/usr/bin/env bash
# Builds the admin pages (web/admin) into mgmt/pages/files/built, where the Go
# program takes them from. Does nothing, quickly and without the network, when
# they are newer than what they are made of.
set -euo pipefail
cd "$(dirname "$0")/../web/admin"

built=../../mgmt/pages/files/built/index.html
newer=$(find . -path ./node_modules -prune -o -path ./test -prune -o -type f -newer "$built" -print -quit 2>/dev/null || echo all)
if [ -e "$built" ] && [ -z "$newer" ]; then
	exit 0
fi

node=$(node --version 2>/dev/null || echo v0)
major=${node#v}
if [ "${major%%.*}" -lt 18 ]; then
	echo "pages.sh: Node.js 18 or newer is not there (found: $node): the program is built without its admin pages" >&2
	exit 0
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	npm ci --silent
	touch node_modules/.package-lock.json
fi
npm run --silent build
