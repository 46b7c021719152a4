#!/usr/bin/env bash
# Builds a small Docker image with PostgreSQL from Debian's packages alone, for the suites that run in containers where
# no image can be pulled.
#
#   tests/images/build-postgres.sh [VERSION or Debian release]      15 or bookworm unless told otherwise
#
# Prints the image's name, ackord-postgres:VERSION, and nothing else on the standard output. An image that this very
# script has built before is left as it is. Needs a Docker engine, debootstrap and dpkg; DEBIAN_MIRROR names another
# mirror. The packages are unpacked and none of their scripts is run, so that no chroot and no mount is needed.
set -euo pipefail

# What each Debian release brings.
case "${1-15}" in
    15 | bookworm) version=15 release=bookworm ;;
    17 | trixie) version=17 release=trixie ;;
    18 | sid) version=18 release=sid ;;
    *)
        echo "Debian has no PostgreSQL $1: choose 15 (bookworm), 17 (trixie) or 18 (sid)" >&2
        exit 2
        ;;
esac

image=ackord-postgres:$version
recipe=$(sha256sum "$0" | cut -d' ' -f1)
if [ "$(docker image inspect --format '{{index .Config.Labels "recipe"}}' "$image" 2>/dev/null || true)" = "$recipe" ]; then
    echo "$image"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

echo "fetching the packages of PostgreSQL $version for Debian $release" >&2
debootstrap --variant=minbase --download-only --include="postgresql-$version" "$release" "$work/packages" \
    ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }

mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{dev,etc,proc,run,sys,tmp,var}
for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done

# The server, the shell that starts it, and the libraries; not what packages need only to be set up.
unneeded='^(adduser|apt|bash|base-files|base-passwd|bsdutils|dbus|debconf|debian-archive-keyring|e2fsprogs|findutils|gcc-.*-base|gpgv'
unneeded+='|grep|gzip|hostname|init-system-helpers|libapt-pkg.*|libdb5.*|libgdbm.*|libjson-perl|libllvm.*|libperl.*|libz3.*|locales|libc-l10n'
unneeded+='|login|login.defs|logsave|mawk|mount|ncurses-.*|netbase|openssl.*|passwd|perl.*|postgresql-client-common|postgresql-common.*|sed|sqv'
unneeded+='|sensible-utils|ssl-cert|sysvinit-utils|tar|ucf|usr-is-merged|usrmerge|util-linux.*)_'
for package in "$work"/packages/var/cache/apt/archives/*.deb; do
    if [[ $(basename "$package") =~ $unneeded ]]; then continue; fi
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root" \
        --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*' --exclude='./usr/share/info*' \
        --exclude="./usr/lib/postgresql/$version/lib/bitcode*" --exclude="./usr/lib/postgresql/$version/lib/llvmjit*"
done
ln -sf dash "$root/usr/bin/sh"

cat >"$root/etc/passwd" <<'PASSWD'
root:x:0:0:root:/:/bin/sh
postgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh
PASSWD
printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"

# Understands what the official images understand, so that either can serve: POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB,
# each also as the file that POSTGRES_…_FILE names, POSTGRES_INITDB_ARGS, and the server's arguments after the word postgres.
# As there, who is in the container needs no password.
mkdir -p "$root/usr/local/bin" "$root/var/lib/postgresql/data" "$root/run/postgresql"
ln -s /run "$root/var/run"
cat >"$root/usr/local/bin/serve" <<'SERVE'
#!/bin/sh
set -euf

# given NAME DEFAULT: the value of a variable, or what is in the file that NAME_FILE names.
given() {
    eval "value=\${$1-} file=\${$1_FILE-}"
    if [ -n "$value" ] && [ -n "$file" ]; then
        echo "$1 and $1_FILE are both set" >&2
        exit 1
    fi
    if [ -n "$file" ]; then value=$(cat "$file"); fi
    printf '%s' "${value:-$2}"
}

data=${PGDATA:-/var/lib/postgresql/data}
if [ "${1-}" = postgres ]; then shift; fi
if [ ! -s "$data/PG_VERSION" ]; then
    user=$(given POSTGRES_USER postgres)
    database=$(given POSTGRES_DB "$user")
    password=$(given POSTGRES_PASSWORD '')
    case $database in *[!A-Za-z0-9_-]*) echo "POSTGRES_DB may have letters, digits, _ and - alone" >&2; exit 1 ;; esac
    if [ -z "$password" ]; then
        echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE has to be set" >&2
        exit 1
    fi
    umask 077
    printf '%s' "$password" >/tmp/password
    # Left open to be split: it holds several arguments.
    initdb --pgdata="$data" --username="$user" --pwfile=/tmp/password --auth=trust --encoding=UTF8 --locale=C --no-sync \
        --no-instructions ${POSTGRES_INITDB_ARGS-}
    rm /tmp/password
    echo 'host all all all password' >>"$data/pg_hba.conf"
    if [ "$database" != postgres ]; then
        # Before anybody can connect.
        echo "CREATE DATABASE \"$database\"" | postgres --single -D "$data" postgres >/dev/null
    fi
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql "$@"
SERVE
chmod 755 "$root/usr/local/bin/serve"
chown -R 999:999 "$root/var/lib/postgresql" "$root/run/postgresql"
chmod 1777 "$root/tmp" "$root/var/lib/postgresql/data"
chmod 3777 "$root/run/postgresql"

tar -c --numeric-owner -C "$root" . | docker import \
    --change "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/$version/bin" \
    --change 'USER postgres' --change 'VOLUME /var/lib/postgresql/data' --change 'EXPOSE 5432' \
    --change 'WORKDIR /var/lib/postgresql' \
    --change 'ENTRYPOINT ["serve"]' --change 'CMD ["postgres"]' --change "LABEL recipe=$recipe" - "$image" >/dev/null

docker run --rm --network none --entrypoint postgres "$image" --version >&2
echo "$image"
