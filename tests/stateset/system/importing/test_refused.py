"""What import-export offers on the command line, and is refused here."""

from __future__ import annotations

import pytest
from django.core.management import ManagementUtility, get_commands

TOLD = {
    "import": """\
Nothing was imported.
  why: `import` writes rows past the services, which check and post them
  fix: use `python manage.py import_data MODEL FILE`, or Import over a list
""",
    "export": """\
Nothing was exported.
  why: `export` writes every column of a table, secrets included
  fix: open the list in the admin and use Export, which honours its filters
""",
}


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("given", [[], ["--format", "csv", "accounts.User", "x.csv"]])
def test_the_commands_of_the_package_are_refused(name, given, capsys):
    assert get_commands()[name] == "stateset.system"

    with pytest.raises(SystemExit) as ended:
        ManagementUtility(["manage.py", name, *given]).execute()

    assert ended.value.code == 2
    assert TOLD[name] in capsys.readouterr().err
