# What judges our payloads: types and validators of others, from npm. Sourced by scripts/servers.

judges_made_of=$here/../tests/integration/judges

judges_find() {
  local place=$state/judges
  command -v node >/dev/null || fail "the judges need Node on the PATH"
  cmp -s "$judges_made_of/package.json" "$place/package.json" && [ -f "$place/.made" ] ||
    fail "the judges are not installed: scripts/servers fetch judges"
  cp "$judges_made_of/judge.mjs" "$place"
  echo "$place"
}

judges_fetch() {
  local place=$state/judges
  command -v npm >/dev/null || fail "the judges need Node and npm on the PATH"
  if ! cmp -s "$judges_made_of/package.json" "$place/package.json" || [ ! -f "$place/.made" ]; then
    rm -rf "$place" && mkdir -p "$place" && cp "$judges_made_of/package.json" "$place"
    (cd "$place" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts >&2) ||
      fail "npm could not install the judges"
    touch "$place/.made"
  fi
  judges_find
}
