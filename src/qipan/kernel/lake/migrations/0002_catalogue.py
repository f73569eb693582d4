"""The catalogue's tables in schema ``lake``, in the layout of the Java JDBC catalogue (V1)."""

from typing import ClassVar

from django.db import migrations

CREATE = """
CREATE SCHEMA IF NOT EXISTS lake;
CREATE TABLE IF NOT EXISTS lake.iceberg_tables (
    catalog_name varchar(255) NOT NULL,
    table_namespace varchar(255) NOT NULL,
    table_name varchar(255) NOT NULL,
    metadata_location varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type varchar(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS lake.iceberg_namespace_properties (
    catalog_name varchar(255) NOT NULL,
    namespace varchar(255) NOT NULL,
    property_key varchar(255) NOT NULL,
    property_value varchar(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);
"""
DROP = "DROP SCHEMA lake CASCADE;"


class Migration(migrations.Migration):
    """Makes the tables of the Iceberg catalogue."""

    dependencies: ClassVar = [("lake", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(CREATE, DROP)]
