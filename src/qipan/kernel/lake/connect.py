"""How other programs open a table: the same files and the same catalogue, without this program."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A program and what to type there."""

    program: str
    code: str


def recipes(catalogue: str, path: str, metadata_location: str) -> tuple[Recipe, ...]:
    """Recipes for Spark, Trino, DuckDB and PyIceberg; host, account and password are the reader's own."""
    return (
        Recipe(
            "Spark",
            f"spark.sql.catalog.{catalogue} = org.apache.iceberg.spark.SparkCatalog\n"
            f"spark.sql.catalog.{catalogue}.catalog-impl = org.apache.iceberg.jdbc.JdbcCatalog\n"
            f"spark.sql.catalog.{catalogue}.uri = jdbc:postgresql://HOST/DATABASE?currentSchema=lake\n"
            f"spark.sql.catalog.{catalogue}.jdbc.schema-version = V1\n"
            f"spark.sql.catalog.{catalogue}.jdbc.user = READER\n"
            f"SELECT * FROM {catalogue}.{path}",
        ),
        Recipe(
            "Trino",
            "connector.name = iceberg\n"
            "iceberg.catalog.type = jdbc\n"
            f"iceberg.jdbc-catalog.catalog-name = {catalogue}\n"
            "iceberg.jdbc-catalog.driver-class = org.postgresql.Driver\n"
            "iceberg.jdbc-catalog.connection-url = jdbc:postgresql://HOST/DATABASE?currentSchema=lake\n"
            "iceberg.jdbc-catalog.schema-version = V1",
        ),
        Recipe("DuckDB", f"LOAD avro; LOAD iceberg;\nSELECT * FROM iceberg_scan('{metadata_location}');"),
        Recipe(
            "Python",
            "from pyiceberg.table import StaticTable\n"
            f'StaticTable.from_metadata("{metadata_location}").scan().to_pandas()',
        ),
    )
