# WordPress on MariaDB, both unpacked. Sourced by scripts/servers, which says where (`state`, `data`,
# `port`).
# The database keeps no accounts (it listens on a socket in its folder alone) and no InnoDB, so
# that both are up in seconds.

wordpress_fetch() {
  local place=$state/wordpress
  if [ ! -f "$place/ready" ]; then
    unpack "$place" php-cli php-mysql mariadb-server-core
    (
      cd "$place"
      rm -rf deb && mkdir deb && cd deb
      download wordpress
      dpkg -x wordpress_*.deb ../root
      cd .. && rm -rf deb && touch ready
    ) || fail "wordpress could not be fetched"
  fi
  cp "$here/serving/wordpress-config.php" "$place/root/usr/share/wordpress/wp-config.php"
  echo "$place/root/usr/share/wordpress"
}

# The site is made when it is not there yet.
wordpress_start() {
  local root=$state/wordpress/root site php is_new=
  site=$(fetched wordpress)
  mkdir -p "$data/db/mysql"
  [ "${#data}" -lt 90 ] || fail "the path of $data is too long for a socket"
  [ -f "$data/password" ] || is_new=yes
  beside "$root"
  export WORDPRESS_SOCKET=$data/socket WORDPRESS_ADDRESS=http://127.0.0.1:$port
  setsid "$root/usr/sbin/mariadbd" --no-defaults --user="$(id -un)" --datadir="$data/db" \
    --lc-messages-dir="$root/usr/share/mysql" --character-sets-dir="$root/usr/share/mysql/charsets" \
    --skip-grant-tables --skip-networking --skip-innodb --default-storage-engine=Aria \
    --socket="$WORDPRESS_SOCKET" >"$data/database.log" 2>&1 </dev/null &
  echo $! >"$data/database.pid"
  await $! "$data/database.log" test -S "$WORDPRESS_SOCKET"
  php=("$root"/usr/bin/php[0-9]* -n -d "extension_dir=$(echo "$root"/usr/lib/php/2*)")
  for extension in mysqlnd mysqli ctype iconv tokenizer posix; do php+=(-d "extension=$extension"); done
  if [ -n "$is_new" ]; then
    "${php[@]}" "$here/serving/wordpress-install.php" "$site" >"$data/password.new" 2>"$data/install.log" ||
      fail "the site was not made: $(tail -c 500 "$data/install.log" "$data/password.new")"
    mv "$data/password.new" "$data/password"
  fi
  PHP_CLI_SERVER_WORKERS=4 setsid "${php[@]}" -d zend_extension=opcache -d opcache.enable_cli=1 \
    -S "127.0.0.1:$port" -t "$site" >"$data/web.log" 2>&1 </dev/null &
  echo $! >"$data/web.pid"
  await $! "$data/web.log" answers "$WORDPRESS_ADDRESS/?feed=rss2"
  echo "WordPress on $WORDPRESS_ADDRESS, its data in $data; user editor, application password $(cat "$data/password")"
}

wordpress_stop() {
  end "$data/web.pid"
  end "$data/database.pid"
}
