#!/usr/bin/env bash
# Makes a new Couchbase server usable: a one-node cluster and one bucket. Does nothing where they are there already.
# Runs in a container of its own that shares the server's network, see docker-compose.yml.
set -euo pipefail

cluster=127.0.0.1
login=(--cluster "$cluster" --username "$COUCHBASE_USERNAME" --password "$COUCHBASE_PASSWORD")

bucket_exists() {
  couchbase-cli bucket-list "${login[@]}" 2>/dev/null | grep -qx "$COUCHBASE_BUCKET"
}

for _ in $(seq 60); do
  if bucket_exists; then
    echo "The bucket $COUCHBASE_BUCKET is ready."
    exit 0
  fi
  # The first step is refused where the cluster exists, the second one until it does: both are tried until the bucket is there.
  couchbase-cli cluster-init --cluster "$cluster" --cluster-username "$COUCHBASE_USERNAME" \
    --cluster-password "$COUCHBASE_PASSWORD" --services data --cluster-ramsize 512 >/dev/null || true
  couchbase-cli bucket-create "${login[@]}" --bucket "$COUCHBASE_BUCKET" --bucket-type couchbase \
    --bucket-ramsize 256 --bucket-replica 0 --wait || true
  sleep 2
done

echo "The bucket $COUCHBASE_BUCKET could not be created within two minutes." >&2
exit 1
