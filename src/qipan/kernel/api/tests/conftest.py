"""The API's tests use the notes of the face's test site."""

from qipan.kernel.ui.tests.conftest import (  # noqa: F401
    clerk,
    county,
    note_table,
    notebook,
    notes,
    reader,
    signed_in,
)
