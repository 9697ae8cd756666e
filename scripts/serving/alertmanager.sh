# Prometheus Alertmanager, which the tests start themselves. Sourced by scripts/servers.

alertmanager_fetch() {
  local place=$state/alertmanager program=usr/bin/prometheus-alertmanager
  if command -v prometheus-alertmanager; then return; fi
  if [ ! -x "$place/root/$program" ]; then
    command -v apt-get >/dev/null || fail "alertmanager needs Debian's apt-get, or itself on the PATH"
    mkdir -p "$place"
    (
      cd "$place"
      apt-get -qq download prometheus-alertmanager >&2 ||
        { apt-get -qq update >&2 && apt-get -qq download prometheus-alertmanager >&2; }
      dpkg -x prometheus-alertmanager_*.deb root.new
      rm -rf root && mv root.new root
    ) || fail "prometheus-alertmanager could not be fetched: is 'apt-get update' needed?"
  fi
  echo "$place/root/$program"
}
