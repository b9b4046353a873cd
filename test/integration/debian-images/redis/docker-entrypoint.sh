#!/bin/bash
set -e
if [ "$(id -u)" = 0 ]; then
    chown -R redis .
    exec gosu redis "$0" "$@"
fi
exec "$@"
