# Programs out of Debian's packages, unpacked for this user alone: nothing is installed.
# Sourced by scripts/servers, which defines `fail`.

# unpack FOLDER PACKAGE...: lays the packages, and the libraries that they need, below FOLDER/root.
# What this machine has installed makes no difference, save for its C library.
unpack() {
  local place=$1 names
  shift
  command -v apt-get >/dev/null || fail "${place##*/} needs Debian's apt-get"
  mkdir -p "$place"
  (
    cd "$place"
    names=$(needed "$@") || { apt-get -qq update >&2 && names=$(needed "$@"); }
    rm -rf archives root.new && mkdir -p archives root.new
    cd archives
    # shellcheck disable=SC2086
    download $names || { apt-get -qq update >&2 && download $names; }
    for package in *.deb; do dpkg -x "$package" ../root.new; done
    cd ..
    rm -rf archives root && mv root.new root
  ) || fail "${place##*/} could not be fetched"
}

# download PACKAGE...: into the current folder.
download() { apt-get -qq -o "APT::Sandbox::User=$(id -un)" download "$@" >&2; }

# needed PACKAGE...: these packages and their libraries, by name.
needed() {
  apt-get -s -o Dir::State::status=/dev/null -o Debug::NoLocking=1 --no-install-recommends \
    install "$@" 2>/dev/null | awk '$1 == "Inst" { print $2 }' |
    grep -E '^(lib|php|mariadb|redis|postgresql)' |
    grep -vE '^(libc6|libc-|libllvm|libz3|libpam|libsemanage|libselinux|libaudit|libperl|postgresql.*common)|-perl$'
}

# beside ROOT: sets LD_LIBRARY_PATH to the libraries below ROOT, for programs from there.
beside() {
  local machine
  machine=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
  export LD_LIBRARY_PATH=$1/lib/$machine:$1/usr/lib/$machine
}
