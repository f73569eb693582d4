"""Frozen figures cannot be changed or removed, whoever asks the database."""

from typing import ClassVar

from django.db import migrations

REFUSE = """
CREATE FUNCTION indicators_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'frozen figures are never changed (%)', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER indicators_snapshot_frozen BEFORE UPDATE OR DELETE ON indicators_snapshot
    FOR EACH ROW EXECUTE FUNCTION indicators_frozen();
CREATE TRIGGER indicators_snapshotrow_frozen BEFORE UPDATE OR DELETE ON indicators_snapshotrow
    FOR EACH ROW EXECUTE FUNCTION indicators_frozen();
"""
ALLOW = """
DROP TRIGGER indicators_snapshotrow_frozen ON indicators_snapshotrow;
DROP TRIGGER indicators_snapshot_frozen ON indicators_snapshot;
DROP FUNCTION indicators_frozen();
"""


class Migration(migrations.Migration):
    """Triggers that refuse."""

    dependencies: ClassVar = [("indicators", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(REFUSE, ALLOW)]
