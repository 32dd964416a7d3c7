"""Drop the second index of the register's numbers, which Django makes for LIKE: nobody asks so, and it is a third of a load."""

from django.db import migrations

DROP = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename = 'organisations_registryrecord' AND indexname LIKE '%\\_like'
    LOOP EXECUTE format('DROP INDEX %I', name); END LOOP;
END $$
"""
MAKE = "CREATE INDEX organisations_registryrecord_ubn_like ON organisations_registryrecord (ubn varchar_pattern_ops)"


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_tables")]

    operations = [migrations.RunSQL(DROP, MAKE)]
