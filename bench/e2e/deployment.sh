#!/usr/bin/env bash
# A deployment from nothing, by REST only, as an administrator would script it.
#
#   deployment.sh start            Management Node, location, node, room: as processes in $WORK
#   deployment.sh get PATH         GET, prints the answer
#   deployment.sh command NAME JSON
#   deployment.sh kill             ends the Management Node with SIGKILL
#   deployment.sh again            starts the Management Node once more
#   deployment.sh stop
#
# PARLEY is the program, WORK an empty folder, PORT the first of four free ports.
set -euo pipefail
cd "$WORK"
API=https://127.0.0.1:$PORT
BUS=127.0.0.1:$((PORT + 1))
SIP=127.0.0.1:$((PORT + 2))

ask() { # METHOD PATH [JSON]
	curl --silent --show-error --fail-with-body --insecure --user admin:correct-horse --max-time 20 \
		-X "$1" -H 'Content-Type: application/json' ${3:+--data "$3"} "$API$2"
}

management() {
	env PARLEY_MANAGEMENT_ADDRESS=127.0.0.1:$PORT PARLEY_MANAGEMENT_BUS=$BUS PARLEY_DATA_DIR=management \
		"$PARLEY" mgmt >/dev/null 2>>management.log &
	echo $! >management.pid
	for _ in $(seq 200); do
		curl --silent --insecure --output /dev/null "$API/" && return
		sleep 0.05
	done
	echo "the Management Node does not answer:" >&2
	cat management.log >&2
	return 1
}

case $1 in
start)
	management
	token=$(grep -o 'parley_setup_[A-Za-z0-9_-]*' management.log | head -1)
	curl --silent --show-error --fail-with-body --insecure "$API/api/setup/" \
		--data "{\"token\": \"$token\", \"name\": \"admin\", \"password\": \"correct-horse\"}"
	ask POST /api/admin/configuration/v1/system_location/ '{"name": "Oslo"}'
	made=$(ask POST /api/admin/configuration/v1/worker_vm/ \
		'{"name": "oslo-1", "system_location": "/api/admin/configuration/v1/system_location/1/"}')
	link=$(grep -o '"join_link":"[^"]*"' <<<"$made" | cut -d'"' -f4)
	env PARLEY_SIP_UDP=$SIP PARLEY_SIP_TCP= PARLEY_HTTP_ADDRESS= PARLEY_DATA_DIR=node PARLEY_CAPACITY_LIMIT=0 \
		"$PARLEY" node --join "$link" >/dev/null 2>node.log &
	echo $! >node.pid
	# The room comes last: whoever dials it now must get in at once.
	for _ in $(seq 200); do
		ask GET '/api/admin/status/v1/worker_vm/1/' | grep -q '"sync_status":"SYNCED"' && break
		sleep 0.05
	done
	ask POST /api/admin/configuration/v1/conference/ '{"name": "Board", "aliases": [{"alias": "board"}]}'
	;;
get) ask GET "$2" ;;
command) ask POST "/api/admin/command/v1/$2/" "$3" ;;
kill) kill -KILL "$(cat management.pid)" ;;
again) management ;;
stop) kill "$(cat node.pid)" "$(cat management.pid)" ;;
*)
	echo "unknown: $1" >&2
	exit 2
	;;
esac
