from __future__ import annotations
import json
from django.core.management import call_command
from tests.dbops.shop import ALIAS, Shop


def test_smoke(shop: Shop, capsys) -> None:
    call_command("backup", database=ALIAS)
    call_command("list_backups")
    call_command("verify_backup", latest=True, database=ALIAS)
    call_command("restore", latest=True, into=shop.new_name(), database=ALIAS)
    print(capsys.readouterr().out)
    print(shop.files(), shop.databases())
    print((shop.backup_folder / shop.files()[1]).read_text())
    print(shop.count("orders", shop.new_name()))
    assert 0
