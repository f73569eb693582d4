"""Events of cases only grow: the database itself refuses to change or delete them."""

from typing import ClassVar

from django.db import migrations

FORWARD = """
create function cases_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'case events are append-only';
end $$;
create trigger cases_caseevent_append_only before update or delete on cases_caseevent
    for each row execute function cases_refuse_change();
"""
BACKWARD = """
drop trigger cases_caseevent_append_only on cases_caseevent;
drop function cases_refuse_change();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies: ClassVar = [("cases", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(FORWARD, BACKWARD)]
