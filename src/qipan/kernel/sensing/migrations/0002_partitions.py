"""Tables partitioned by county day (observations, their texts, the frame log); the register's version."""

from typing import ClassVar

from django.db import migrations

CREATE = """
CREATE TABLE sensing_observation (
    ts timestamptz NOT NULL,
    value float8,
    frame_id int8 NOT NULL DEFAULT 0,
    datastream_id int4 NOT NULL,
    quality int4 NOT NULL DEFAULT 0,
    version int2 NOT NULL DEFAULT 0,
    PRIMARY KEY (datastream_id, ts)
) PARTITION BY RANGE (ts);

CREATE TABLE sensing_text (
    ts timestamptz NOT NULL,
    datastream_id int4 NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (datastream_id, ts)
) PARTITION BY RANGE (ts);

CREATE TABLE sensing_framelog (
    id int8 NOT NULL,
    received timestamptz NOT NULL,
    peer varchar(64) NOT NULL,
    protocol varchar(20) NOT NULL,
    key varchar(80) NOT NULL,
    direction varchar(3) NOT NULL,
    raw bytea NOT NULL,
    outcome varchar(12) NOT NULL,
    reason varchar(200) NOT NULL DEFAULT '',
    PRIMARY KEY (id, received)
) PARTITION BY RANGE (received);
CREATE INDEX sensing_framelog_of ON sensing_framelog (protocol, key, received);
CREATE INDEX sensing_framelog_refused ON sensing_framelog (received) WHERE outcome = 'refused';

-- Every reading moves its latest row in place: leave room for it on the page.
ALTER TABLE sensing_latest SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Attaching a ready table blocks no writer; CREATE TABLE ... PARTITION OF would.
CREATE FUNCTION sensing_partition(parent text, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    child text := parent || '_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sensing_partition'));
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
    EXECUTE format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child,
        day::timestamp AT TIME ZONE 'Asia/Shanghai', (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai');
END $$;

-- The store caches keys and datastreams; this row tells it that somebody has changed one. A transaction
-- number never comes again, not even after a rollback.
CREATE TABLE sensing_register (one bool PRIMARY KEY DEFAULT true CHECK (one), version int8 NOT NULL);
INSERT INTO sensing_register (version) VALUES (0);
CREATE FUNCTION sensing_register_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sensing_register SET version = pg_current_xact_id()::text::int8
    WHERE version <> pg_current_xact_id()::text::int8;
    RETURN NULL;
END $$;
CREATE TRIGGER sensing_register_thing AFTER INSERT OR DELETE OR UPDATE OF state ON sensing_thing
    FOR EACH STATEMENT EXECUTE FUNCTION sensing_register_changed();
CREATE TRIGGER sensing_register_key AFTER INSERT OR DELETE OR UPDATE OF thing_id, protocol, key, valid_to
    ON sensing_devicekey FOR EACH STATEMENT EXECUTE FUNCTION sensing_register_changed();
CREATE TRIGGER sensing_register_stream AFTER INSERT OR DELETE OR UPDATE ON sensing_datastream
    FOR EACH STATEMENT EXECUTE FUNCTION sensing_register_changed();
"""

DROP = """
DROP FUNCTION sensing_register_changed() CASCADE;
DROP TABLE sensing_register;
DROP FUNCTION sensing_partition(text, date);
DROP TABLE sensing_framelog;
DROP TABLE sensing_text;
DROP TABLE sensing_observation;
"""


class Migration(migrations.Migration):
    """Made by SQL because Django declares no partitions."""

    dependencies: ClassVar = [("sensing", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(CREATE, DROP)]
