"""Senders and slots of a primary, the receiver of a replica."""

from __future__ import annotations

from dbops.engines.postgresql.activity.reading import Reader, seconds_since
from dbops.engines.verbs.activity.replication import (
    Receiver,
    Replication,
    Sender,
    Slot,
)

# A replica that sends on counts from what it has received itself.
HERE = """
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
         ELSE pg_current_wal_lsn() END
"""
# pg_stat_replication: since 14 unchanged. replay_lag stays as it was when nothing
# is replayed any more, so bytes are what counts.
SENDERS = f"""
    WITH here AS MATERIALIZED (SELECT {HERE} AS lsn)
    SELECT r.application_name AS app, pg_catalog.host(r.client_addr) AS client,
           r.state, r.sync_state AS sync,
           pg_wal_lsn_diff(here.lsn, r.sent_lsn)::bigint AS unsent_bytes,
           pg_wal_lsn_diff(here.lsn, r.write_lsn)::bigint AS unwritten_bytes,
           pg_wal_lsn_diff(here.lsn, r.flush_lsn)::bigint AS unflushed_bytes,
           pg_wal_lsn_diff(here.lsn, r.replay_lsn)::bigint AS unreplayed_bytes,
           extract(epoch FROM r.replay_lag)::float AS replay_seconds
    FROM pg_catalog.pg_stat_replication r CROSS JOIN here
    WHERE r.application_name NOT IN ('pg_basebackup', 'pg_rewind')
    ORDER BY r.application_name, r.client_addr
"""  # noqa: S608 -- our own expression
SLOTS = f"""
    SELECT s.slot_name AS name, s.slot_type AS kind, s.active AS is_active,
           pg_wal_lsn_diff({HERE}, s.restart_lsn)::bigint AS retained_bytes,
           s.wal_status AS log_state
    FROM pg_catalog.pg_replication_slots s
    WHERE NOT s.temporary
    ORDER BY s.slot_name
"""  # noqa: S608 -- our own expression
# To a role that may not see it, the receiver has a pid and nothing else.
RECEIVER = f"""
    SELECT CASE WHEN w.pid IS NULL THEN false ELSE w.status = 'streaming' END
               AS is_connected,
           w.sender_host AS primary,
           pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint
               AS unreplayed_bytes,
           {seconds_since("w.last_msg_receipt_time")} AS last_message_seconds,
           {seconds_since("pg_last_xact_replay_timestamp()")} AS last_replay_seconds
    FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true
    WHERE pg_is_in_recovery()
"""  # noqa: S608 -- our own expression


def read_replication(reader: Reader) -> Replication:
    """Return everything there is about copies; nothing of it is a server alone."""
    receivers = [Receiver(**row) for row in reader.rows(RECEIVER)]
    return Replication(
        senders=[Sender(**row) for row in reader.rows(SENDERS)],
        slots=[Slot(**row) for row in reader.rows(SLOTS)],
        receiver=next(iter(receivers), None),
        remedy=reader.remedy,
    )
