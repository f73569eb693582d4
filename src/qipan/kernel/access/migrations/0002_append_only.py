"""The audit can only grow: the database itself refuses to change or delete what is written."""

from typing import ClassVar

from django.db import migrations

FORWARD = """
create function access_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit rows are append-only';
end $$;
create trigger access_auditentry_append_only before update or delete or truncate on access_auditentry
    for each statement execute function access_refuse_change();
create trigger access_auditblock_append_only before update or delete or truncate on access_auditblock
    for each statement execute function access_refuse_change();
create trigger access_auditleaf_append_only before update or delete or truncate on access_auditleaf
    for each statement execute function access_refuse_change();
"""
BACKWARD = """
drop trigger access_auditentry_append_only on access_auditentry;
drop trigger access_auditblock_append_only on access_auditblock;
drop trigger access_auditleaf_append_only on access_auditleaf;
drop function access_refuse_change();
"""


class Migration(migrations.Migration):
    """Adds the triggers."""

    dependencies: ClassVar = [("access", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(FORWARD, BACKWARD)]
