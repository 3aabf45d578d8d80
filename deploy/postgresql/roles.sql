-- The roles and the database, on a new server, as a superuser:
--   DATABASE_PASSWORD_FILE=… MONITOR_PASSWORD_FILE=… psql -f deploy/postgresql/roles.sql postgres
-- compose.yml runs it at the first start. Running it again changes no password.
\set ON_ERROR_STOP on
\set database_password `cat "${DATABASE_PASSWORD_FILE:-/run/secrets/database_password}"`
\set monitor_password `cat "${MONITOR_PASSWORD_FILE:-/run/secrets/monitor_password}"`
-- Whatever the server logs, passwords are not to be in it.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';

-- The program: owns its tables, makes databases to restore into, reads statistics, and
-- ends sessions, without which the exporter's would stand in the way of a restore.
SELECT format('CREATE ROLE stateset LOGIN CREATEDB PASSWORD %L', :'database_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stateset') \gexec
GRANT pg_monitor, pg_signal_backend TO stateset;

-- The exporter: reads statistics, and no row of any table.
SELECT format('CREATE ROLE stateset_monitor LOGIN CONNECTION LIMIT 5 PASSWORD %L',
    :'monitor_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stateset_monitor') \gexec
GRANT pg_monitor TO stateset_monitor;
ALTER ROLE stateset_monitor SET statement_timeout = '30s';
ALTER ROLE stateset_monitor SET default_transaction_read_only = on;

SELECT 'CREATE DATABASE stateset OWNER stateset ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'stateset') \gexec
REVOKE ALL ON DATABASE stateset FROM PUBLIC;
GRANT CONNECT ON DATABASE stateset TO stateset_monitor;

\connect stateset
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
