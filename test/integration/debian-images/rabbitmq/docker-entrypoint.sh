#!/bin/bash
# The steps of the official image's entrypoint that matter here.
set -e
if [[ "$1" = rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
    find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
    exec gosu rabbitmq "$0" "$@"
fi
exec "$@"
