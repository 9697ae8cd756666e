# snac2, a fediverse server with the Mastodon API. Sourced by scripts/servers, which says
# where (`state`, `data`, `port`). Debian 13 has it; on Debian 12 the package of Debian 13 is unpacked
# (it needs only libcurl and libssl, which 12 has).

snac2_fetch() {
  local place=$state/snac2
  if command -v snac >/dev/null; then command -v snac; return; fi
  if [ ! -x "$place/root/usr/bin/snac" ]; then
    command -v apt-get >/dev/null || fail "snac2 needs Debian's apt-get, or a 'snac' on the PATH"
    mkdir -p "$place/lists/partial" "$place/archives/partial"
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
      sed -nE 's#.*(https?://[^ ]*/debian)/? *( .*)?$#\1#p' | head -n 1) || true
    [ -n "$mirror" ] || fail "no Debian mirror in /etc/apt: cannot fetch snac2"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" \
      >"$place/trixie.list"
    local options=(
      -o "Dir::Etc::sourcelist=$place/trixie.list" -o Dir::Etc::sourceparts=/dev/null
      -o "Dir::State::lists=$place/lists" -o "Dir::Cache=$place" -o "Dir::Cache::archives=$place/archives"
      -o "APT::Sandbox::User=$(id -un)"
    )
    (
      cd "$place"
      apt-get "${options[@]}" -qq update >&2
      apt-get "${options[@]}" -qq download snac2 >&2
      dpkg -x snac2_*.deb root.new
      rm -rf root && mv root.new root
    ) || fail "snac2 could not be fetched"
  fi
  "$place/root/usr/bin/snac" >/dev/null 2>&1 || [ $? -ne 127 ] || fail "snac2 does not run here"
  echo "$place/root/usr/bin/snac"
}

# With users alice, bob and carol.
snac2_start() {
  local program users=$data/users
  program=$(fetched snac2)
  if [ ! -d "$users" ]; then
    printf '%s\n' 127.0.0.1 "$port" "127.0.0.1:$port" "" "" | "$program" init "$users" >/dev/null
    sed -i 's/"protocol": "https"/"protocol": "http"/' "$users/server.json"
    for user in alice bob carol; do
      printf '%s\n' "$user" | "$program" adduser "$users" "$user" >/dev/null 2>&1
    done
  fi
  setsid "$program" httpd "$users" >"$data/log" 2>&1 </dev/null &
  echo $! >"$data/snac.pid"
  await $! "$data/log" answers "http://127.0.0.1:$port/api/v1/instance"
  echo "snac2 on http://127.0.0.1:$port, its data in $users"
}

snac2_stop() { end "$data/snac.pid"; }
