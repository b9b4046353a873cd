#!/bin/bash
# The steps of the official image's entrypoint that matter here.
set -e
if [ "$(id -u)" = 0 ]; then
    find /var/lib/mysql \! -user mysql -exec chown mysql: '{}' +
    exec gosu mysql "$0" "$@"
fi
if [ ! -d /var/lib/mysql/mysql ]; then
    : "${MARIADB_ROOT_PASSWORD:?Database is uninitialized and password option is not specified.}"
    mariadb-install-db --auth-root-authentication-method=normal --skip-test-db >/dev/null
    {
        echo "CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';"
        echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
        [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE \`$MARIADB_DATABASE\`;"
    } > /tmp/init.sql
    set -- "$@" --init-file=/tmp/init.sql
fi
exec "$@" --bind-address=0.0.0.0 --skip-log-bin
