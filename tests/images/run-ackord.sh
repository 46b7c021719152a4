#!/usr/bin/env bash
# Runs an image of ackord as docs/operations.md has it, against a sandbox marketplace of the same image behind TLS, and fails where
# something is not as it is told there.
#
#   tests/images/run-ackord.sh IMAGE [POSTGRES_IMAGE]
#
# With the second image, and where Compose is there (`docker compose` or `docker-compose`), packaging/docker/docker-compose.yml is
# brought up besides. Needs a Docker engine, and root for the secrets' owners. Everything has names and networks of its own, and goes
# in the end, whatever happens.
set -euo pipefail
cd "$(dirname "$0")/../.."

image=${1:?which image}
postgres=${2-}
run=ackord-try-$$
work=$(mktemp -d)
compose=()
orders=40

finish() {
    local code=$?
    trap - EXIT
    if [ "$code" -ne 0 ]; then tell_what_was_said; fi
    remove_everything || true
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ours() { docker "$1" ls "${@:2}" --quiet --filter "label=$run"; }

remove_everything() {
    ours container --all | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
    if [ ${#compose[@]} -gt 0 ]; then "${compose[@]}" down --volumes --timeout 5 >"$work/down" 2>&1 || cat "$work/down" >&2; fi
    ours volume | xargs --no-run-if-empty docker volume rm >/dev/null
    ours network | xargs --no-run-if-empty docker network rm >/dev/null
}

tell_what_was_said() {
    local container
    for container in $(ours container --all); do
        docker inspect --format '--- {{.Name}}: {{.State.Status}}, {{.State.ExitCode}}' "$container" >&2
        docker logs --tail 30 "$container" >&2 || true
    done
    if [ ${#compose[@]} -gt 0 ]; then "${compose[@]}" logs --tail=30 >&2 || true; fi
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# holds WHAT COMMAND…: it has to succeed now.
holds() {
    local what=$1
    shift
    "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; fail "$what"; }
    echo "ok: $what"
}

# await WHAT SECONDS COMMAND…: it has to succeed within that time.
await() {
    local what=$1 since=$SECONDS limit=$2
    shift 2
    until "$@" >"$work/said" 2>&1; do
        if [ $((SECONDS - since)) -ge "$limit" ]; then
            cat "$work/said" >&2
            fail "$what: not within $limit s"
        fi
        sleep 0.5
    done
    echo "ok: $what, after $((SECONDS - since)) s"
}

is() { [ "$1" = "$2" ] || { echo "it is '$1', not '$2'"; return 1; }; }
refused() { ! "$@"; }
health() { docker inspect --format '{{.State.Health.Status}}' "$1"; }
has_health() { is "$(health "$1")" "$2"; }
ended_with() { is "$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1")" "exited $2"; }

# listed CONTAINER FIELD: how many orders on record show it.
listed() { docker exec "$1" ackord orders list --json --limit 1000 | grep -c -- "$2" || true; }
all_accepted() { is "$(listed "$1" '"order_id":') $(listed "$1" '"status": "accepted"')" "$2 $2"; }

# The ledger of the marketplace: what took effect there.
ledger() {
    docker exec "$run-sandbox" bash -c \
        'exec 3<>/dev/tcp/127.0.0.1/8710; printf "GET /_sandbox/ledger HTTP/1.0\r\n\r\n" >&3; cat <&3' | grep -o '"counts":{.*"decided_twice":[0-9]*'
}
some_decided() { [[ $(ledger) =~ \"decisions_applied\":([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 3 ]; }
each_decided_once() {
    local said
    said=$(ledger)
    echo "$said"
    [[ $said == *"\"decisions_applied\":$1,\"decided_twice\":0" ]]
}

# An authority, and the certificate of a host called marketplace.
make_certificates() {
    local key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    docker run --rm --network none --volume "$work/tls:/tls" --workdir /tls "$tools" sh -ec "
        openssl req -x509 $key -days 2 -subj /CN=authority -keyout authority.key -out authority.pem
        openssl req $key -subj /CN=marketplace -addext subjectAltName=DNS:marketplace -keyout host.key -out host.csr
        openssl x509 -req -in host.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -copy_extensions copy -out host.pem
        cat host.key >>host.pem"
}

# start NAME ARGUMENT…: a container in the background.
start() {
    local name=$1
    shift
    docker run --detach --name "$run-$name" --label "$run" "$@" >/dev/null
}

# A marketplace on a network, at https://marketplace:8443, in two containers that share an address: the sandbox listens on the
# loopback, and socat before it speaks TLS. Each acceptance takes half a second.
open_marketplace() {
    local slow='{"endpoint":"or21","fault":{"kind":"latency","ms":500}}'
    docker rm --force --volumes "$run-tls" "$run-sandbox" >/dev/null 2>&1 || true
    start sandbox --network "$1" --network-alias marketplace --init --health-interval 1s --health-start-period 1s --health-retries 2 \
        "$image" sandbox --orders $orders --fault "$slow"
    start tls --network "container:$run-sandbox" --volume "$work/tls/host.pem:/host.pem:ro" "$tools" \
        socat openssl-listen:8443,fork,reuseaddr,cert=/host.pem,verify=0 tcp:127.0.0.1:8710
}

# As docs/operations.md starts it, but for the network, the roots that the sandbox's certificate is checked against, and times.
image_by_itself() {
    local container=$run-serve
    docker network create --internal --label "$run" "$run" >/dev/null
    docker volume create --label "$run" "$run" >/dev/null
    open_marketplace "$run"
    install -m 400 -o 65532 -g 65532 /dev/stdin "$work/key" <<<sandbox-key
    start serve --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --stop-timeout 60 \
        --volume "$run:/var/lib/ackord" --volume "$work/key:/run/secrets/key:ro" --env ACKORD_API_KEY_FILE=/run/secrets/key \
        --network "$run" --volume "$work/tls/authority.pem:/etc/ssl/certs/ca-certificates.crt:ro" --health-interval 1s \
        --env ACKORD_MARKETPLACE_URL=https://marketplace:8443 --env ACKORD_POLL_INTERVAL=1s --env ACKORD_SERVE_INTERVAL=2s "$image"
    await "serve is healthy" 60 has_health "$container" healthy
    await "all $orders orders are accepted" 120 all_accepted "$container" $orders
    holds "each took effect once on the marketplace" each_decided_once $orders
    holds "it runs as 65532" is "$(docker exec "$container" sh -c 'id -u; id -g' | paste -sd:)" 65532:65532
    holds "it has no rights of root" docker exec "$container" bash -c '[[ $(</proc/1/status) == *CapEff:$(printf "\t")0000000000000000* ]]'
    holds "it can write nothing but its directory" refused docker exec "$container" bash -c ': >/usr/local/bin/x || : >/etc/x'
    holds "its store is its own" docker exec "$container" bash -c '[ -O ackord.db ] && [ "$(stat -c %a .)" = 700 ]'
    holds "ackord check says ok to everything" docker exec "$container" ackord check
    await "what does not serve is unhealthy" 60 has_health "$run-sandbox" unhealthy
    local since=$SECONDS
    docker stop "$container" >/dev/null
    holds "docker stop ends it with 0, after $((SECONDS - since)) s" ended_with "$container" 0
    holds "the record agrees with itself" docker run --rm --network none --volume "$run:/var/lib/ackord" "$image" verify
}

# The directory that the head of docker-compose.yml describes, with a file beside it for what a trial needs.
lay_out_compose() {
    local place=$work/packaging/docker
    mkdir -p "$place"
    cp packaging/docker/docker-compose.yml "$place/"
    cp "$work/tls/authority.pem" "$place/"
    cat >"$place/trial.yml" <<'TRIAL'
services:
  ackord:
    environment:
      ACKORD_POLL_INTERVAL: 1s
      ACKORD_SERVE_INTERVAL: 2s
      ACKORD_CONCURRENCY: "2"
    volumes: ["./authority.pem:/etc/ssl/certs/ca-certificates.crt:ro"]
    healthcheck:
      interval: 1s
TRIAL
    (
        cd "$place"
        mkdir -m 700 secrets
        echo sandbox-key >secrets/key
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >secrets/postgres-password
        echo "postgres:5432:ackord:ackord:$(cat secrets/postgres-password)" >secrets/pgpass
        chmod 400 secrets/*
        chown 65532 secrets/key secrets/pgpass
        chown 999 secrets/postgres-password
    )
    if docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null; then
        compose=(docker-compose)
        # The first Compose does not know that line.
        sed -i '/^name:/d' "$place/docker-compose.yml"
    else
        return 0
    fi
    compose+=(--project-name "$run" --file "$place/docker-compose.yml" --file "$place/trial.yml")
}

with_compose() {
    export ACKORD_IMAGE=$image ACKORD_POSTGRES_IMAGE=$postgres ACKORD_MARKETPLACE_URL=https://marketplace:8443 ACKORD_PUBLISH=127.0.0.1:
    lay_out_compose
    if [ ${#compose[@]} -eq 0 ]; then
        echo "Compose is not there: packaging/docker/docker-compose.yml is left out"
        return
    fi
    holds "Compose takes docker-compose.yml" "${compose[@]}" config --quiet
    holds "Compose brings it up" "${compose[@]}" up --detach --no-build
    local ackord database
    ackord=$("${compose[@]}" ps --quiet ackord)
    database=$("${compose[@]}" ps --quiet postgres)
    open_marketplace "${run}_outside"
    await "ackord is healthy" 60 has_health "$ackord" healthy
    holds "PostgreSQL is healthy" has_health "$database" healthy
    await "some acceptances took effect on the marketplace" 60 some_decided
    holds "the database is restarted" "${compose[@]}" restart postgres
    holds "that was in the middle" refused each_decided_once $orders
    await "all $orders orders are accepted" 120 all_accepted "$ackord" $orders
    holds "each took effect once on the marketplace" each_decided_once $orders
    holds "PostgreSQL is healthy again" has_health "$database" healthy
    holds "ackord has not been restarted" is "$(docker inspect --format '{{.RestartCount}} {{.State.Running}}' "$ackord")" "0 true"
    holds "ackord check says ok to everything" "${compose[@]}" exec -T ackord ackord check
    holds "the record agrees with itself" "${compose[@]}" exec -T ackord ackord verify
    holds "/readyz answers on the published port" readyz "$ackord"
    "${compose[@]}" exec -T postgres pg_dump --username=ackord --format=custom ackord >"$work/ackord.dump"
    holds "a backup can be had" test -s "$work/ackord.dump"
    holds "Compose stops it" "${compose[@]}" stop
    holds "ackord ended with 0" ended_with "$ackord" 0
    holds "PostgreSQL ended with 0" ended_with "$database" 0
}

readyz() {
    local port said
    port=$(docker port "$1" 9464/tcp | sed -n 's/^127\.0\.0\.1://p')
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
    read -r said <&3
    exec 3>&-
    is "${said%$'\r'}" "HTTP/1.0 200 OK"
}

tools=$(tests/images/build-base.sh tools)
make_certificates >"$work/said" 2>&1 || { cat "$work/said" >&2; fail "certificates"; }
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
holds "it is ackord $version" is "$(docker run --rm --network none "$image" --version)" "ackord $version"
echo "its size: $(($(docker image inspect --format '{{.Size}}' "$image") / 1000000)) MB"
image_by_itself
if [ -n "$postgres" ]; then with_compose; fi
