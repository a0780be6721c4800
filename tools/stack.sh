# shellcheck shell=bash
# A private MariaDB, lockstep-fcgi, lockstep-sync, lockstep-live and nginx in one state directory, for ./run and ./test.
# Sourced after lib.sh. Every process is known by its pid together with the time it started, so
# that a number which the kernel gave to somebody else meanwhile is never mistaken for ours.

SERVICES=(mariadb lockstep-fcgi lockstep-sync lockstep-live nginx) # in the order of their start
SOCKET_PATH_MAX=107                    # what a Unix socket's address holds

# --- Processes ------------------------------------------------------------------------------------

start_time() { # start_time PID: in clock ticks since boot; fails when there is no such process
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # the name may hold anything
  # shellcheck disable=SC2086 # split into fields on purpose
  set -- $stat
  [[ $1 != Z ]] && printf '%s\n' "${20}"
}

remember() { printf '%s %s\n' "$2" "$(start_time "$2")" >"$STATE/run/$1.pid"; } # remember NAME PID

pid_of() { # pid_of NAME: prints its pid when it runs
  local pid began
  { read -r pid began <"$STATE/run/$1.pid"; } 2>/dev/null || return 1
  [[ -n $began && $(start_time "$pid") == "$began" ]] && printf '%s\n' "$pid"
}

# launch NAME LOG COMMAND...: in the background, as RUN_USER, in a session of its own so that Ctrl-C
# reaches the script alone and the order of the stop is the script's.
launch() {
  local name=$1 log=$2 pid command=(setsid)
  shift 2
  if [[ $(id -u) -eq 0 && $RUN_USER != root ]]; then
    command=(setpriv --reuid "$RUN_USER" --regid "$(id -g "$RUN_USER")" --init-groups -- setsid)
  fi
  # Not through a function: the process that this begins becomes setpriv, setsid and the program in turn.
  "${command[@]}" "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- &
  pid=$!
  remember "$name" "$pid"
  disown "$pid"
}

# wait_for NAME LOG SECONDS COMMAND...: until the command succeeds; tells why when it never does.
wait_for() {
  local name=$1 log=$2 seconds=$3 deadline=$((SECONDS + $3))
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! pid_of "$name" >/dev/null; then
      tail -n 15 "$log" >&2
      warn "$name did not start; all that it said is in $log"
      return 1
    fi
    if ((SECONDS >= deadline)); then
      tail -n 15 "$log" >&2
      warn "$name was not ready within $seconds s; all that it said is in $log"
      return 1
    fi
    sleep 0.1
  done
}

# members_of NAME: what is left of the session that launch() made, also when its first process is
# gone: killed by force, nginx's master leaves its workers behind, and they keep the port.
members_of() {
  local session pid program
  { read -r session _ <"$STATE/run/$1.pid"; } 2>/dev/null || return 0
  [[ $session =~ ^[0-9]+$ ]] || return 0
  # A session's number is not given away while the session lasts: a process of that number that is
  # not ours means that ours is all gone.
  [[ -z $(start_time "$session") || $(pid_of "$1") == "$session" ]] || return 0
  for pid in $(ps -o pid= -s "$session"); do
    program=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    case $program in nginx* | mariadbd* | lockstep-fcgi* | lockstep-sync* | lockstep-live*) printf '%s\n' "$pid" ;; esac
  done
}

stop_service() { # stop_service NAME SIGNAL SECONDS
  local name=$1 signal=$2 seconds=$3 pid deadline left
  if pid=$(pid_of "$name"); then
    kill -"$signal" "$pid" 2>/dev/null || true
    deadline=$((SECONDS + seconds))
    while pid_of "$name" >/dev/null && ((SECONDS < deadline)); do sleep 0.05; done
    ! pid_of "$name" >/dev/null || warn "$name does not stop; it is killed"
  fi
  mapfile -t left < <(members_of "$name")
  ((${#left[@]} == 0)) || kill -KILL "${left[@]}" 2>/dev/null || true
  rm -f "$STATE/run/$name.pid"
}

stop_stack() {
  stop_service nginx TERM 5
  stop_service lockstep-live TERM 10
  stop_service lockstep-sync TERM 20
  stop_service lockstep-fcgi TERM 20
  stop_service mariadb TERM 60
}

running_services() {
  local name
  for name in "${SERVICES[@]}"; do pid_of "$name" >/dev/null && printf '%s\n' "$name"; done
  return 0
}

# The services of which anything is left.
remaining_services() {
  local name
  for name in "${SERVICES[@]}"; do [[ -z $(members_of "$name") ]] || printf '%s\n' "$name"; done
}

# What an earlier start left behind, whole or in parts, is stopped before the next.
stop_leftovers() {
  local left
  mapfile -t left < <(remaining_services)
  ((${#left[@]} == 0)) || say "An earlier start left ${left[*]} behind; stopping that first."
  stop_stack
}

# --- The state directory --------------------------------------------------------------------------

open_state() {
  local marker=$STATE/.lockstep-state
  if [[ -e $STATE && ! -d $STATE ]]; then die "$STATE is not a directory."; fi
  if [[ -d $STATE && ! -e $marker && -n $(ls -A "$STATE") ]]; then
    die "$STATE is not empty and not a state directory of Lockstep; name another with --state."
  fi
  STATE=$(realpath -m -- "$STATE")
  local longest=$STATE/run/lockstep-fcgi.sock
  ((${#longest} <= SOCKET_PATH_MAX)) ||
    die "$STATE is $((${#longest} - SOCKET_PATH_MAX)) characters too long for a socket; name a shorter one with --state."
  if [[ -e $marker && (! -w $STATE || ! -w $STATE/log) ]]; then
    die "$STATE belongs to $(stat -c %U "$STATE"); run this as that user, or name another with --state."
  fi
  mkdir -p "$STATE" "$STATE/run" "$STATE/log" "$STATE/etc" "$STATE/tmp" "$STATE/site" || die "$STATE cannot be made."
  touch "$STATE/.lockstep-state"
  exec 9>"$STATE/lock"
  flock -n 9 || die "Another ./run or ./test is starting or stopping in $STATE; try again in a moment."
}

# After RUN_USER is settled: what the servers write to is theirs, and nobody else's business.
own_state() {
  local directory
  for directory in run etc tmp; do
    chown "$RUN_USER:" "$STATE/$directory" 2>/dev/null || true
    chmod 700 "$STATE/$directory"
  done
  [[ ! -d $STATE/mysql || $(stat -c %U "$STATE/mysql") == "$RUN_USER" ]] || chown -R "$RUN_USER:" "$STATE/mysql"
}

secret() { # secret NAME: made once, kept in the state directory
  local file=$STATE/etc/$1.secret
  [[ -s $file ]] || (umask 077 && od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n' >"$file")
  cat "$file"
}

quoted() { # quoted TEXT: as a YAML and nginx string
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# --- MariaDB --------------------------------------------------------------------------------------

DATABASE_SOCKET() { printf '%s/run/mariadb.sock' "$STATE"; }
sql() { mariadb --no-defaults --user=root --socket="$(DATABASE_SOCKET)" --batch --skip-column-names "$@"; }

buffer_pool_mb() { # a quarter of the memory, between 128 MB and 1 GB
  local kb mb
  kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  mb=$((kb / 4096))
  ((mb < 128)) && mb=128
  ((mb > 1024)) && mb=1024
  printf '%s\n' "$mb"
}

write_database_configuration() {
  cat >"$STATE/etc/mariadb.cnf" <<END
# Written by ./run at every start.
[mariadbd]
datadir=$(quoted "$STATE/mysql")
socket=$(quoted "$(DATABASE_SOCKET)")
pid-file=$(quoted "$STATE/run/mariadb.server-pid")
tmpdir=$(quoted "$STATE/tmp")
skip-networking
skip-name-resolve
character-set-server=utf8mb4
innodb_flush_log_at_trx_commit=1
innodb_buffer_pool_size=$(buffer_pool_mb)M
innodb_log_file_size=256M
max_connections=400
performance_schema=OFF
END
}

# mariadb-install-db stumbles over blanks in a path, hence a name without any for the time it takes.
initialise_database() {
  local alias status=0
  rm -rf "$STATE/mysql"
  install -d -m 700 "$STATE/mysql"
  chown "$RUN_USER:" "$STATE/mysql" 2>/dev/null || true
  alias=$(mktemp -d)
  chmod 755 "$alias"
  ln -s "$STATE" "$alias/state"
  as "$RUN_USER" mariadb-install-db --no-defaults --user="$RUN_USER" --datadir="$alias/state/mysql" \
    --tmpdir="$alias/state/tmp" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
    --innodb-log-file-size=256M || status=$?
  rm -r "$alias"
  return "$status"
}

start_database() {
  local log=$STATE/log/mariadb.log
  write_database_configuration
  if [[ ! -e $STATE/mysql.ready ]]; then
    [[ -d $STATE/mysql ]] && say "$STATE/mysql was left half-initialised by an interrupted run; it is made anew."
    rm -f "$STATE/demo.ready"
    step "Creating a private MariaDB" "$STATE/log/mariadb-install.log" initialise_database
    touch "$STATE/mysql.ready"
  elif [[ ! -d $STATE/mysql/mysql ]]; then
    die "$STATE/mysql is not a database any more; remove $STATE/mysql.ready to begin with an empty one."
  fi
  launch mariadb "$log" mariadbd --defaults-file="$STATE/etc/mariadb.cnf" --user="$RUN_USER"
  wait_for mariadb "$log" 90 sql -e 'SELECT 1'
}

# The database, the program's user with what sql/grants.sql allows, and the schema.
prepare_database() {
  local password
  password=$(secret database)
  # The tests begin with an empty one every time.
  [[ -z ${FRESH_DATABASE:-} ]] || sql -e 'DROP DATABASE IF EXISTS lockstep' || return
  sql -e "CREATE DATABASE IF NOT EXISTS lockstep CHARACTER SET utf8mb4;
    CREATE USER IF NOT EXISTS lockstep@localhost;
    ALTER USER lockstep@localhost IDENTIFIED BY '$password';" || return
  as "$RUN_USER" "$STATE/build/lockstepctl" --config "$STATE/etc/lockstep-admin.yaml" migrate up || return
  sql lockstep <"$SOURCE/sql/grants.sql" || return
  # Tests look at what stands in the database: nothing recurring comes in between.
  [[ -z ${FRESH_DATABASE:-} ]] ||
    sql lockstep -e "UPDATE sync_jobs SET run_at = '2100-01-01' WHERE repeat_every_s IS NOT NULL OR repeat_daily_at IS NOT NULL"
}

# --- The service ----------------------------------------------------------------------------------

write_configuration() { # write_configuration FILE USER PASSWORD
  (
    umask 077
    cat >"$1.new" <<END
# Written by ./run at every start.
listen:
  socket: $(quoted "$STATE/run/lockstep-fcgi.sock")
  mode: "0600"
workers:
  processes: 2
  threads: 8
database:
  hosts: [$(quoted "$(DATABASE_SOCKET)")]
  name: lockstep
  user: $2
$([[ -z $3 ]] || printf '  password: "%s"\n' "$3")
  connections: 32
auth:
  subject: id
  keys:
    - algorithm: HS256
      secret: "$(secret token)"
  anonymous_secret: "$(secret anonymous)"
  anonymous_per_minute: ${ANONYMOUS_PER_MINUTE:-60}
rules:
  directory: $(quoted "$SOURCE/sql/rules")
  site_directory: $(quoted "$STATE/etc/rules.d")
events:
  achievements: $(quoted "$SOURCE/sql/achievements")
  site_achievements: $(quoted "$STATE/etc/achievements.d")
sync:
  pid: $(quoted "$STATE/run/lockstep-sync.master-pid")
live:
  socket: $(quoted "$STATE/run/lockstep-live.sock")
  wake: $(quoted "$STATE/run/wake.sock")
  pid: $(quoted "$STATE/run/lockstep-live.server-pid")
log:
  level: info
paths:
  scoreboard: $(quoted "$STATE/run/scoreboard")
  pid: $(quoted "$STATE/run/lockstep-fcgi.master-pid")
  migrations: $(quoted "$SOURCE/sql/migrations")
END
    chown "$RUN_USER:" "$1.new" 2>/dev/null || true
    mv "$1.new" "$1"
  )
}

start_service() {
  local log=$STATE/log/lockstep-fcgi.log
  rm -f "$STATE/run/lockstep-fcgi.sock"
  launch lockstep-fcgi "$log" "$STATE/build/lockstep-fcgi" --config "$STATE/etc/lockstep.yaml"
  wait_for lockstep-fcgi "$log" 30 test -S "$STATE/run/lockstep-fcgi.sock"
}

SYNC_BEATS='SELECT 1 FROM sync_workers WHERE beat_at > UTC_TIMESTAMP(3) - INTERVAL 5 SECOND LIMIT 1'
sync_is_ready() { [[ -n $(sql lockstep -e "$SYNC_BEATS") ]]; }

start_sync() {
  local log=$STATE/log/lockstep-sync.log
  launch lockstep-sync "$log" "$STATE/build/lockstep-sync" --config "$STATE/etc/lockstep.yaml"
  wait_for lockstep-sync "$log" 30 sync_is_ready
}

start_live() {
  local log=$STATE/log/lockstep-live.log
  rm -f "$STATE/run/lockstep-live.sock"
  launch lockstep-live "$log" "$STATE/build/lockstep-live" --config "$STATE/etc/lockstep.yaml"
  wait_for lockstep-live "$log" 30 test -S "$STATE/run/lockstep-live.sock"
}

ctl() { as "$RUN_USER" "$STATE/build/lockstepctl" --config "$STATE/etc/lockstep.yaml" "$@"; }
ctl_admin() { as "$RUN_USER" "$STATE/build/lockstepctl" --config "$STATE/etc/lockstep-admin.yaml" "$@"; }

# --- nginx ----------------------------------------------------------------------------------------

port_is_free() { # as nginx would bind it
  python3 - "$1" <<'END'
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
        probe.listen(1)
    except (OSError, OverflowError):
        sys.exit(1)
END
}
need_free_port() {
  port_is_free "$1" || die "Port $1 is taken by another program; name another with --port, or none for any free one."
}
any_free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

choose_port() { # choose_port WANTED: sets PORT; without one, that of the last time, or any
  local last
  last=$(cat "$STATE/etc/port" 2>/dev/null) || last=
  if [[ -n $1 ]]; then
    need_free_port "$1"
    PORT=$1
  elif [[ -n $last ]] && port_is_free "$last"; then
    PORT=$last
  else
    [[ -z $last ]] || say "Port $last of the last time is taken by another program; another is chosen."
    PORT=$(any_free_port)
  fi
  printf '%s\n' "$PORT" >"$STATE/etc/port"
}

write_nginx_configuration() {
  local include=$STATE/etc/lockstep text
  rm -rf "$include"
  cp -r "$SOURCE/nginx" "$include"
  text=$(cat "$include/http.conf")
  text=${text/unix:\/run\/lockstep\/lockstep.sock/"$(quoted "unix:$STATE/run/lockstep-fcgi.sock")"}
  printf '%s\n' "${text/unix:\/run\/lockstep\/live.sock/"$(quoted "unix:$STATE/run/lockstep-live.sock")"}" >"$include/http.conf"
  text=$(cat "$include/lockstep.conf")
  text=${text//alias \/usr\/share\/lockstep\/web\/libraries\/;/alias "$(quoted "$STATE/libraries/")";}
  local part
  for part in client/ pages/ pages/learner.html pages/admin.html; do
    text=${text//"alias /usr/share/lockstep/web/$part;"/alias "$(quoted "$SOURCE/src/web/$part")";}
  done
  printf '%s\n' "$text" >"$include/lockstep.conf"
  cat >"$STATE/etc/nginx.conf" <<END
# Written by ./run at every start.
daemon off;
$([[ $RUN_USER != root ]] || printf 'user root;')
worker_processes 2;
worker_rlimit_nofile 20000;
pid $(quoted "$STATE/run/nginx.server-pid");
error_log $(quoted "$STATE/log/nginx-error.log") warn;
events { worker_connections 8192; }
http {
  types { text/html html; text/javascript js; text/css css; application/json json; image/svg+xml svg; }
  default_type application/octet-stream;
  access_log $(quoted "$STATE/log/nginx-access.log") combined buffer=64k flush=1s;
  client_body_temp_path $(quoted "$STATE/tmp/body");
  proxy_temp_path $(quoted "$STATE/tmp/proxy");
  fastcgi_temp_path $(quoted "$STATE/tmp/fastcgi");
  uwsgi_temp_path $(quoted "$STATE/tmp/uwsgi");
  scgi_temp_path $(quoted "$STATE/tmp/scgi");
  server_tokens off;
  keepalive_requests 1000000;
  include lockstep/http.conf;
  server {
    listen 127.0.0.1:$PORT backlog=1024;
    server_name localhost;
    include lockstep/lockstep.conf;
    # What is not Lockstep's is the site's: files to try things with, and else an error as everywhere.
    location / {
      root $(quoted "$STATE/site");
      try_files \$uri @lockstep;
    }
    location @lockstep {
      include lockstep/pass.conf;
    }
  }
}
END
  chown -R "$RUN_USER:" "$include" "$STATE/etc/nginx.conf" 2>/dev/null || true
}

start_nginx() {
  local log=$STATE/log/nginx.log
  write_nginx_configuration
  touch "$STATE/log/nginx-error.log" "$STATE/log/nginx-access.log"
  chown "$RUN_USER:" "$STATE/log/nginx-error.log" "$STATE/log/nginx-access.log" 2>/dev/null || true
  launch nginx "$log" /usr/sbin/nginx -p "$STATE" -c "$STATE/etc/nginx.conf" -e "$STATE/log/nginx-error.log"
  wait_for nginx "$STATE/log/nginx-error.log" 15 curl -sf -o /dev/null -m 2 "http://127.0.0.1:$PORT/healthz"
}

# --- All of it ------------------------------------------------------------------------------------

start_stack() { # start_stack WANTED-PORT
  choose_port "$1"
  URL=http://127.0.0.1:$PORT
  own_state
  write_configuration "$STATE/etc/lockstep.yaml" lockstep "$(secret database)"
  write_configuration "$STATE/etc/lockstep-admin.yaml" root ''
  chown -R "$RUN_USER:" "$STATE/etc" 2>/dev/null || true
  start_database || return
  step "Bringing the schema up to date" "$STATE/log/migrate.log" prepare_database
  start_service && start_sync && start_live && start_nginx &&
    wait_for lockstep-fcgi "$STATE/log/lockstep-fcgi.log" 30 curl -sf -o /dev/null -m 2 "$URL/readyz"
}
