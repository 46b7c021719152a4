#!/usr/bin/env bash
# Builds base images for packaging/docker/Dockerfile from Debian's packages alone, for machines that can pull none.
#
#   tests/images/build-base.sh NAME…
#
#     runtime   what the program runs on: bash, coreutils, a C library
#     tools     the same, with the root certificates, openssl and socat
#     builder   the same as runtime, with the root certificates, a C compiler, this machine's Rust toolchain, and every crate of
#               Cargo.lock, so that it builds without a network
#
# Prints the images' names, ackord-NAME:bookworm, a line each, and nothing else on the standard output. An image that this very
# script has built before, of the same crates and toolchain, is left as it is. Needs a Docker engine, debootstrap and dpkg, and
# cargo for `builder`. DEBIAN_MIRROR names another mirror. The packages are unpacked and none of their scripts is run, so that no
# chroot and no mount is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
script=tests/images/$(basename "$0")
release=bookworm

# What each image is for; what that depends on comes along.
packages_of() {
    local base='bash coreutils dash libgcc-s1'
    case $1 in
        runtime) echo "$base" ;;
        tools) echo "$base ca-certificates openssl socat" ;;
        builder) echo "$base ca-certificates gcc libc6-dev" ;;
        *)
            echo "no image is called $1: choose runtime, tools or builder" >&2
            return 2
            ;;
    esac
}

# recipe NAME: tells one state of what goes into the image from another.
recipe() {
    {
        cat "$script"
        if [ "$1" = builder ]; then rustc -vV && cat Cargo.lock; fi
    } | sha256sum | cut -d' ' -f1
}

is_built() {
    local label='{{index .Config.Labels "recipe"}}'
    [ "$(docker image inspect --format "$label" "ackord-$1:$release" 2>/dev/null || true)" = "$(recipe "$1")" ]
}

# fetch NAME…: brings the packages of all of these images.
fetch() {
    local include
    include=$(for name in "$@"; do packages_of "$name"; done | tr ' ' '\n' | sort -u | paste -sd,)
    echo "fetching packages of Debian $release" >&2
    debootstrap --variant=minbase --download-only --include="$include" "$release" "$work/packages" \
        ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }
}

# needed PACKAGE…: the files of these packages and of all that they depend on. Of alternatives whichever was fetched will do.
needed() {
    local queue=("$@") package file depends seen=' '
    while [ ${#queue[@]} -gt 0 ]; do
        package=${queue[0]}
        queue=("${queue[@]:1}")
        file=$(compgen -G "$work/packages/var/cache/apt/archives/${package}_*.deb" || true)
        if [ -z "$file" ] || [[ $seen == *" $package "* ]]; then continue; fi
        seen+="$package "
        echo "$file"
        depends=$(dpkg-deb --show --showformat='${Pre-Depends}, ${Depends}' "$file")
        # What only the packages' scripts would use.
        mapfile -t -O ${#queue[@]} queue < <(tr ',|' '\n\n' <<<"$depends" | sed -E 's/^ +//; s/[ :(].*//; /^(debconf.*|perl-base)?$/d')
    done
}

# unpack ROOT PACKAGE…: makes a file system of packages.
unpack() {
    local root=$1 file files
    shift
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{dev,etc,proc,root,run,sys,tmp,var}
    for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
    ln -s /run "$root/var/run"
    files=$(needed "$@")
    for file in $files; do
        dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$root" \
            --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*' --exclude='./usr/share/info*'
    done
    ln -sf dash "$root/usr/bin/sh"
    echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
}

# What the package's script would do.
gather_certificates() {
    mkdir -p "$1/etc/ssl/certs"
    cat "$1"/usr/share/ca-certificates/mozilla/*.crt >"$1/etc/ssl/certs/ca-certificates.crt"
}

# The toolchain that runs here, without what no build needs, and the crates in a directory: where this machine has them from
# stays out of the image.
add_rust() {
    local root=$1 sysroot host
    sysroot=$(rustc --print sysroot)
    host=$(rustc -vV | sed -n 's/^host: //p')
    ln -sf gcc "$root/usr/bin/cc"
    mkdir -p "$root"/usr/local/{bin,cargo} "$root/usr/local/lib/rustlib/$host"
    cp "$sysroot"/bin/{cargo,rustc} "$root/usr/local/bin/"
    cp "$sysroot"/lib/*.so* "$root/usr/local/lib/"
    cp -r "$sysroot/lib/rustlib/$host"/{bin,lib} "$root/usr/local/lib/rustlib/$host/"
    echo "copying the crates of Cargo.lock" >&2
    cargo vendor --quiet --locked --respect-source-config "$root/usr/local/cargo/vendor" >/dev/null
    # Libraries of another system: a third of it all.
    rm -rf "$root"/usr/local/cargo/vendor/{winapi-*,windows_*}/lib
    cat >"$root/usr/local/cargo/config.toml" <<'CONFIG'
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "/usr/local/cargo/vendor"

[net]
offline = true
CONFIG
}

# build NAME: makes and imports one image.
build() {
    local name=$1 root=$work/$1 packages changes=()
    read -ra packages <<<"$(packages_of "$name")"
    unpack "$root" "${packages[@]}"
    if [ "$name" != runtime ]; then gather_certificates "$root"; fi
    if [ "$name" = builder ]; then
        add_rust "$root"
        changes=(--change 'ENV CARGO_HOME=/usr/local/cargo')
    fi
    tar -c --numeric-owner --owner=0 --group=0 -C "$root" . | docker import "${changes[@]}" \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'CMD ["bash"]' --change "LABEL recipe=$(recipe "$name")" - "ackord-$name:$release" >/dev/null
    rm -rf "$root"
}

missing=()
for name in "$@"; do
    packages_of "$name" >/dev/null
    if ! is_built "$name"; then missing+=("$name"); fi
done
if [ ${#missing[@]} -gt 0 ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    fetch "${missing[@]}"
    for name in "${missing[@]}"; do build "$name"; done
fi
printf "ackord-%s:$release\n" "$@"
