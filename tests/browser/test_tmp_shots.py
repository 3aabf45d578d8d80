from __future__ import annotations
from decimal import Decimal
from datetime import timedelta
from django.utils import timezone
from django.urls import reverse
from finance.models import *
from fulfillment.models import *
from finance.services import *
from orders.services import OrderLine
from tests.finance.builders import *
from tests.fulfillment.builders import *
from tests.orders.builders import *
from tests.pages import change_url, action_url, list_url, add_url
from fulfillment.services import *


def test_shots(page, axe):
    c = make_customer(company="Alfreds Futterkiste")
    make_address(c, is_default_shipping=True, name="Maria Anders")
    v1 = make_stocked_variant(
        50,
        price=Decimal("18.00"),
        weight_grams=250,
        tax_rate=Decimal("0.19"),
        name="Chai 20 bags x 10 boxes",
    )
    v2 = make_stocked_variant(
        50, price=Decimal("1234.50"), weight_grams=900, name="Tofu press, oak"
    )

    def order(**kw):
        return make_confirmed_order(
            customer=c,
            lines=[OrderLine(v1, 3, discount=Decimal("4.00")), OrderLine(v2, 2)],
            shipping_total=Decimal("12.30"),
            **kw,
        )

    o = order(promised_at=timezone.now() + timedelta(days=2))
    inv = make_invoice(o)
    pay = make_payment(invoice=inv, amount=Decimal("500"))
    fo = make_packed(o)
    sh = make_shipment(
        fo,
        tracking_number="1Z999AA10123456784",
        service="Ground",
        estimated_delivery_at=timezone.now() - timedelta(days=1),
    )
    pick = make_picking(order())
    rel = make_released(
        order(), priority=9, ship_by=timezone.now() - timedelta(hours=5)
    )
    ov = make_invoice(order())
    Invoice.objects.filter(pk=ov.pk).update(
        issued_on=timezone.now().date() - timedelta(days=40),
        due_on=timezone.now().date() - timedelta(days=10),
    )
    sh2 = make_shipped(
        make_packed(order()), tracking_number="JD0002", estimated_delivery_at=NOON
    )
    record_tracking(
        sh2,
        status="in_transit",
        occurred_at=NOON + timedelta(hours=3),
        place="Köln",
        description="Departed facility",
    )
    draft = draft_invoice_for_order(order())
    sale = make_cash_sale(at=timezone.now())
    manual = draft_invoice(c)
    refund_payment(pay, amount=Decimal("100"), reason="scratched")
    base = lambda r, n: change_url(r)[: -len("change/")] + f"paper/{n}/"
    urls = {
        "fo_list": list_url(FulfillmentOrder),
        "fo_queue": list_url(FulfillmentOrder) + "?preset=to_pick",
        "fo_form": change_url(fo),
        "fo_pick_pack": action_url(pick, "pack"),
        "fo_ship": action_url(rel, "pick"),
        "fo_add": add_url(FulfillmentOrder),
        "sh_list": list_url(Shipment),
        "sh_form": change_url(sh2),
        "sh_form_pending": change_url(sh),
        "sh_scan": action_url(sh2, "scan"),
        "sh_add": add_url(Shipment),
        "slip": base(sh, "packing-slip"),
        "picklist": base(rel, "pick-list"),
        "inv_list": list_url(Invoice),
        "inv_form": change_url(inv),
        "inv_draft": change_url(draft),
        "inv_manual": change_url(manual),
        "inv_add": add_url(Invoice),
        "inv_paper": base(inv, "invoice"),
        "inv_credit": action_url(inv, "credit"),
        "pay_list": list_url(Payment),
        "pay_form": change_url(pay),
        "pay_add": add_url(Payment),
        "pay_refund": action_url(pay, "refund"),
        "sale_list": list_url(CashSale),
        "sale_form": change_url(sale),
        "till": add_url(CashSale),
        "order_form": change_url(o),
        "track_list": list_url(TrackingEvent),
        "home": reverse("admin:index"),
    }
    out = []
    page.set_viewport_size({"width": 1440, "height": 900})
    for name, u in urls.items():
        r = page.goto(u)
        page.wait_for_timeout(300)
        page.screenshot(path=f"/tmp/fulfil_shots/{name}.png", full_page=name not in ())
        v = axe(page)
        if v:
            out.append(f"{name}: {v}")
        if r.status != 200:
            out.append(f"{name}: {r.status}")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("till", "slip", "inv_paper", "inv_form", "fo_ship", "sh_list"):
        page.goto(urls[name])
        page.wait_for_timeout(300)
        page.screenshot(path=f"/tmp/fulfil_shots/{name}_390.png", full_page=True)
    # till autocomplete works
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(urls["till"])
    page.locator("select[name=lines-0-variant] + .select2").click()
    page.locator(".select2-search__field").fill(v1.sku)
    page.wait_for_timeout(1500)
    page.screenshot(path="/tmp/fulfil_shots/till_search.png", full_page=True)
    open("/tmp/fulfil_shots/axe.txt", "w").write("\n".join(out))
