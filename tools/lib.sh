# shellcheck shell=bash
# What ./run and ./test share: talking, users, packages, building. Sourced; expects SOURCE (the
# source tree) and STATE (the state directory) to be set before anything but talking is called.

PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

# --- Talking --------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# attempt TITLE LOG COMMAND...: runs a command that takes a while with its output in LOG. On a terminal
# one line shows that it lives and what it does; elsewhere a line tells that it began and ended.
attempt() {
  local title=$1 log=$2 began=$SECONDS status=0 sign=20 pid
  shift 2
  # A process group of its own, so that whatever it starts can be ended with it.
  set -m
  "$@" >"$log" 2>&1 </dev/null 9>&- &
  pid=$!
  set +m
  attempt_pid=$pid
  [[ -t 1 ]] || say "$title …"
  while kill -0 "$pid" 2>/dev/null; do
    if [[ -t 1 ]]; then
      printf '\r\033[K%.79s' "$title … $((SECONDS - began)) s  $(last_line "$log" 60)"
    elif ((SECONDS - began >= sign)); then
      say "  … $((SECONDS - began)) s: $(last_line "$log" 90)"
      sign=$((sign + 20))
    fi
    sleep 0.2
  done
  [[ ! -t 1 ]] || printf '\r\033[K'
  wait "$pid" || status=$?
  attempt_pid=
  ((status)) || say "$title: done in $((SECONDS - began)) s"
  return "$status"
}
attempt_pid=
# For the EXIT trap: ends what attempt() runs, with everything that it started.
end_attempt() {
  [[ -n $attempt_pid ]] || return 0
  kill -TERM -- "-$attempt_pid" 2>/dev/null || true
  wait "$attempt_pid" 2>/dev/null || true
  attempt_pid=
}
last_line() { tail -n 1 "$1" 2>/dev/null | tr -dc '[:print:]' | cut -c "1-$2"; }

# step TITLE LOG COMMAND...: the same, for what nothing can go on without.
step() {
  attempt "$@" && return
  tail -n 30 "$2" >&2
  die "$1 failed; all that it said is in $2"
}

# --- Users ----------------------------------------------------------------------------------------

# as USER COMMAND...: runs a command as another user when root, as oneself otherwise.
as() {
  local user=$1
  shift
  if [[ $(id -u) -ne 0 || $user == root ]]; then
    "$@"
  else
    setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"
  fi
}

# become_caller SCRIPT ARGUMENTS...: through sudo only the packages need root. They are installed, and
# the script begins again as who called sudo, so that all that it makes is theirs; a state directory
# that is there already stays its owner's. PACKAGES names what is needed.
become_caller() {
  local caller=${SUDO_USER:-root}
  [[ $(id -u) -eq 0 ]] || return 0
  if [[ -e $STATE/.lockstep-state ]]; then caller=$(stat -c %U "$STATE"); fi
  [[ $caller != root ]] && id "$caller" >/dev/null 2>&1 || return 0
  # A checkout that is root's alone stays root's.
  as "$caller" test -x "$1" -a -w "$SOURCE" || return 0
  trap 'end_attempt' EXIT
  trap 'exit 130' INT TERM HUP
  need_packages "${PACKAGES[@]}"
  exec setpriv --reuid "$caller" --regid "$(id -g "$caller")" --init-groups -- \
    env HOME="$(getent passwd "$caller" | cut -d: -f6)" USER="$caller" LOGNAME="$caller" "$@"
}

# Plain root runs the servers as www-data, which every Debian has.
choose_users() {
  RUN_USER=$(id -un)
  if [[ $(id -u) -eq 0 ]] && id www-data >/dev/null 2>&1; then RUN_USER=www-data; fi
}

# After the build: can that user work with what is there?
settle_run_user() {
  [[ $(id -u) -eq 0 ]] || return 0
  if ! as "$RUN_USER" test -x "$STATE/build/lockstep-fcgi" -a -r "$SOURCE/sql/migrations"; then
    say "The user $RUN_USER cannot read $SOURCE; the private servers run as root."
    RUN_USER=root
  fi
}

# --- Packages -------------------------------------------------------------------------------------

# shellcheck disable=SC2034 # used by the scripts that source this
BUILD_PACKAGES=(gcc libc6-dev make autoconf automake pkg-config python3-minimal python3 libfcgi-dev libmariadb-dev
  libjson-c-dev libyaml-dev libcsv-dev libjwt-dev libssl-dev libicu-dev libwebsockets-dev)
# Only the "-core" packages of MariaDB: they bring no service, no user and no data directory.
# shellcheck disable=SC2034
SERVE_PACKAGES=(mariadb-server-core mariadb-client-core nginx curl ca-certificates procps nodejs npm)
# shellcheck disable=SC2034
TEST_PACKAGES=(libcmocka-dev clang clang-format cppcheck shellcheck git xz-utils
  galera-4 rsync socat lsof
  python3-pytest python3-pymysql python3-jwt python3-yaml python3-jsonschema python3-cryptography python3-websockets chromium)

package_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# missing_packages NAME...: prints those that are not there; another package may stand in for one.
missing_packages() {
  local package
  for package in "$@"; do
    case $package in
      nginx) [[ -x /usr/sbin/nginx ]] && continue ;;
      mariadb-server-core) [[ -x /usr/sbin/mariadbd && -x /usr/bin/mariadb-install-db ]] && continue ;;
      mariadb-client-core) [[ -x /usr/bin/mariadb ]] && continue ;;
      pkg-config) package_installed pkgconf && continue ;;
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    package_installed "$package" || printf '%s\n' "$package"
  done
}

apt_get() { # apt_get SUBCOMMAND...: without questions, without services, without removing anything
  local root=()
  [[ $(id -u) -eq 0 ]] || root=(sudo)
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l LC_ALL=C.UTF-8 \
    apt-get -qy -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

# While packages are configured no service of the machine is started or restarted.
install_packages() {
  local policy=/usr/sbin/policy-rc.d root=() had_nginx=0 status=0
  [[ $(id -u) -eq 0 ]] || root=(sudo)
  package_installed nginx-common && had_nginx=1
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
    # shellcheck disable=SC2064 # as they are now; the subshell of attempt() ends with this
    trap "${root[*]} rm -f $policy" EXIT
  fi
  apt_get install --no-install-recommends --no-remove "$@" ||
    { apt_get update && apt_get install --no-install-recommends --no-remove "$@"; } || status=$?
  # A web server that only came for this must not greet the next boot.
  if ((!had_nginx)) && command -v systemctl >/dev/null; then
    "${root[@]}" systemctl disable nginx.service >/dev/null 2>&1 || true
  fi
  return "$status"
}

need_packages() {
  local missing log
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "These Debian packages are missing, and there is no apt-get: ${missing[*]}"
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && ! { [[ -t 0 ]] && sudo -v; }; }; then
      die "These packages are missing; install them and come back: sudo apt-get install ${missing[*]}"
    fi
  fi
  log=$STATE/log/packages.log
  [[ -d $STATE/log ]] || log=$(mktemp --suffix=.lockstep-packages.log)
  step "Installing ${#missing[@]} Debian packages (${missing[*]:0:4}$([[ ${#missing[@]} -gt 4 ]] && printf ' …'))" \
    "$log" install_packages "${missing[@]}"
}

# --- Building -------------------------------------------------------------------------------------

# The tools of autoconf refuse a source path with blanks, hence this name for it.
link_source() { [[ $(readlink "$STATE/source") == "$SOURCE" ]] || ln -sfn "$SOURCE" "$STATE/source"; }

autogen_if_needed() {
  local file
  for file in configure.ac Makefile.am m4/lockstep_flags.m4; do
    if [[ ! -e $SOURCE/configure || ! -e $SOURCE/Makefile.in || $SOURCE/$file -nt $SOURCE/Makefile.in ||
      $SOURCE/$file -nt $SOURCE/configure && $file != Makefile.am ]]; then
      "$SOURCE/autogen.sh"
      # autoreconf leaves alone what would not change; the next run shall see that it looked.
      touch "$SOURCE/aclocal.m4" "$SOURCE/configure" "$SOURCE/Makefile.in"
      return
    fi
  done
}

configure_and_make() { # DIRECTORY TARGETS -- CONFIGURE-ARGUMENTS...
  local directory=$1 targets=$2 wanted
  shift 3
  wanted="$SOURCE $*"
  cd "$directory" || return
  if [[ ! -e Makefile || $(cat configured-with 2>/dev/null) != "$wanted" ]]; then
    rm -f configured-with
    ../source/configure "$@" || return
    printf '%s\n' "$wanted" >configured-with
  fi
  # shellcheck disable=SC2086 # several targets
  make -j"$(nproc)" $targets
}

# build HOW NAME TITLE TARGETS CONFIGURE-ARGUMENTS...: out of the tree, in STATE/NAME. HOW is step or
# attempt.
build() {
  local how=$1 name=$2 title=$3 targets=$4 status=0
  shift 4
  mkdir -p "$STATE/$name"
  link_source
  exec 8<"$SOURCE"
  flock 8
  "$how" "$title" "$STATE/log/$name.log" build_steps "$STATE/$name" "$targets" -- "$@" || status=$?
  exec 8<&-
  return "$status"
}
build_steps() { autogen_if_needed && configure_and_make "$@"; }
