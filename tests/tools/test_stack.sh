#!/usr/bin/env bash
# ./run's care with processes, ports and directories, tried on harmless processes. TAP.
# shellcheck disable=SC2317 # the tests are called by name
set -u
SOURCE=${LOCKSTEP_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
work=$(mktemp -d)
STATE=$work/state
# shellcheck source=tools/lib.sh
. "$SOURCE/tools/lib.sh"
# shellcheck source=tools/stack.sh
. "$SOURCE/tools/stack.sh"
RUN_USER=$(id -un)
trap 'stop_stack 2>/dev/null; rm -rf "$work"' EXIT

# A stand-in whose name is that of a service: cleaning up looks at what it is about to kill.
mkdir -p "$STATE/run"
cp "$(command -v sleep)" "$work/nginx"

number=0
failed=0
check() { # check NAME COMMAND...
  local name=$1
  shift
  number=$((number + 1))
  if "$@" >"$work/said" 2>&1; then
    echo "ok $number - $name"
  else
    failed=1
    echo "not ok $number - $name"
    sed 's/^/# /' "$work/said"
  fi
}
not() { ! "$@"; }
wait_until() { # wait_until COMMAND...: for five seconds
  local tries=0
  until "$@" >/dev/null; do
    ((tries++ < 100)) || return 1
    sleep 0.05
  done
}

launched_is_known() {
  launch nginx "$work/log" "$work/nginx" 100
  local pid
  pid=$(pid_of nginx) && kill -0 "$pid" && [[ $(running_services) == nginx ]]
}
stopping_ends_it() {
  local pid
  pid=$(pid_of nginx) && stop_service nginx TERM 5 && not kill -0 "$pid" && [[ ! -e $STATE/run/nginx.pid ]]
}
stranger_is_left_alone() { # a pid file whose number now belongs to another process
  "$work/nginx" 100 &
  local pid=$! status=0
  printf '%s 1\n' "$pid" >"$STATE/run/nginx.pid"
  not pid_of nginx && [[ -z $(remaining_services) ]] && stop_service nginx TERM 5 && kill -0 "$pid" || status=1
  kill "$pid" && wait "$pid" 2>/dev/null
  return "$status"
}
garbage_is_no_process() {
  local text
  for text in '' garbage '99999999 1' '1' '-1 5' '1 2 3'; do
    printf '%s\n' "$text" >"$STATE/run/nginx.pid"
    not pid_of nginx && [[ -z $(remaining_services) ]] || return 1
  done
  rm "$STATE/run/nginx.pid"
}
orphans_are_found() { # the first process is killed, its child lives on
  launch nginx "$work/log" bash -c "'$work/nginx' 100 & echo \$! >'$work/child'; wait"
  local first child
  first=$(cut -d' ' -f1 "$STATE/run/nginx.pid")
  wait_until test -s "$work/child"
  child=$(cat "$work/child")
  kill -KILL "$first"
  wait_until not start_time "$first"
  not pid_of nginx && [[ $(remaining_services) == nginx ]] && stop_leftovers && wait_until not start_time "$child"
}
taken_port_is_seen() {
  local port
  port=$(any_free_port)
  port_is_free "$port" || return 1
  python3 -c "import socket, sys, time
s = socket.socket(); s.bind(('127.0.0.1', $port)); s.listen(); print('up', flush=True); time.sleep(60)" >"$work/up" &
  local pid=$! status=0
  wait_until test -s "$work/up"
  not port_is_free "$port" && not port_is_free 70000 || status=1
  kill "$pid" && wait "$pid" 2>/dev/null
  return "$status"
}
refused() { # refused WORDS ARGUMENTS...: ./run ends with 1 and says so, without a trace of having begun
  local words=$1 said status=0
  shift
  said=$("$SOURCE/run" "$@" 2>&1) || status=$?
  echo "$said"
  [[ $status == 1 && $said == *"$words"* ]]
}
foreign_directory_is_refused() {
  mkdir -p "$work/foreign" && touch "$work/foreign/thesis"
  refused 'not a state directory' --state "$work/foreign" && [[ $(ls -A "$work/foreign") == thesis ]]
}
long_path_is_refused() {
  local path
  path=$work/$(printf 'x%.0s' {1..120})
  refused 'too long for a socket' --state "$path" && [[ ! -e $path ]]
}
nothing_runs() {
  [[ $("$SOURCE/run" --stop --state "$work/none") == "Nothing of Lockstep runs"* && ! -e $work/none ]] || return 1
  local status=0
  "$SOURCE/run" --status --state "$work/none" || status=$?
  [[ $status == 3 ]]
}
second_one_waits_its_turn() {
  mkdir -p "$work/busy/log" && touch "$work/busy/.lockstep-state"
  (
    exec 9>"$work/busy/lock"
    flock 9
    refused 'is starting or stopping' --stop --state "$work/busy"
  )
}

echo 1..14
check 'a launched process is known by its pid' launched_is_known
check 'stopping ends it and forgets it' stopping_ends_it
check 'a stranger with the same number is left alone' stranger_is_left_alone
check 'a pid file of garbage is no process' garbage_is_no_process
check 'what a killed process leaves behind is found' orphans_are_found
check 'a taken port is seen' taken_port_is_seen
check 'a port is a number' refused '--port takes a number' --port abc
check 'a value must follow' refused 'needs a value' --state
check 'unknown options are refused' refused 'do not know' --frobnicate
check 'learners are counted from one' refused '--learners takes a number' --learners=0
check 'a foreign directory is refused and untouched' foreign_directory_is_refused
check 'a path too long for sockets is refused' long_path_is_refused
check 'stopping and asking where nothing runs' nothing_runs
check 'two at once are told apart' second_one_waits_its_turn
exit $failed
