#!/usr/bin/env bash
# Builds the image of packaging/docker/Dockerfile on bases made of Debian's packages alone (build-base.sh), where no image can be
# pulled.
#
#   tests/images/build-ackord.sh [PROFILE]           all of it, compiled in a container without a network; release unless told otherwise
#   tests/images/build-ackord.sh --program PATH      with a program that was compiled already, on Debian 12 or older: within seconds
#
# Prints the image's name, ackord:test-PROFILE or ackord:test-program, and nothing else on the standard output. Needs a Docker
# engine, and where the bases have to be made first, debootstrap and dpkg. What was compiled is compiled anew only where a source has
# changed.
set -euo pipefail
cd "$(dirname "$0")/../.."

# build BUILDER ARGUMENT…: has the engine build on these bases, without a network.
build() {
    local builder=$1
    shift
    docker build --network none --file packaging/docker/Dockerfile --build-arg "BUILDER=$builder" \
        --build-arg "RUNTIME=$runtime" "$@" >&2
}

nameless() { docker image ls --quiet --no-trunc --filter dangling=true | sort -u; }

if [ "${1-}" = --program ]; then
    program=${2:?which program}
    image=ackord:test-program
    { read -r runtime; read -r tools; } < <(tests/images/build-base.sh runtime tools)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    context=$work/context
    mkdir "$context"
    cp LICENSE-* "$context/"
    # Half of a program of the profile dev is line tables.
    strip --strip-debug -o "$context/ackord" "$program" 2>/dev/null || cp "$program" "$context/ackord"
    nameless >"$work/before"
    build "$tools" --quiet --build-arg PROGRAM=ackord --tag "$image" "$context"
    # The last one of this name, and what only the build needed: the program is another one each time.
    nameless | comm -13 "$work/before" - | xargs --no-run-if-empty docker image rm >/dev/null 2>&1 || true
else
    profile=${1-release}
    image=ackord:test-$profile
    { read -r runtime; read -r builder; } < <(tests/images/build-base.sh runtime builder)
    build "$builder" --build-arg "PROFILE=$profile" --tag "$image" .
fi
docker run --rm --network none "$image" --version >&2
echo "$image"
