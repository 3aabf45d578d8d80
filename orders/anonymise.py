"""What is personal in customers, carts and orders."""

from __future__ import annotations

from orders.models import Address, Cart, Customer, Order, OrderItem
from stateset.lib.anonymise import table
from stateset.lib.anonymise_rules import (
    ADDRESS,
    CITY,
    CODE,
    COMPANY,
    DOOR,
    EMAIL,
    FAMILY_NAME,
    FREE_TEXT,
    GIVEN_NAME,
    IDENTIFIER,
    PERSON,
    PHONE,
    PLAIN,
    POSTAL_CODE,
    PROVINCE,
    STREET,
    own_keys,
)

TABLES = (
    table(
        Customer,
        "customer_number",
        email=EMAIL,
        first_name=GIVEN_NAME,
        last_name=FAMILY_NAME,
        company=COMPANY,
        phone=PHONE,
        notes=FREE_TEXT,
    ),
    table(
        Address,
        "country_code",
        name=PERSON,
        company=COMPANY,
        line1=STREET,
        line2=DOOR,
        city=CITY,
        province=PROVINCE,
        postal_code=POSTAL_CODE,
        phone=PHONE,
    ),
    table(Cart, session_key=CODE),
    table(
        Order,
        "order_number",
        "payment_failure",
        "shipping_method",
        "held_from",
        customer_email=EMAIL,
        tracking_number=CODE,
        shipping_address=ADDRESS,
        billing_address=ADDRESS,
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
        idempotency_key=own_keys("cart", "return"),
    ),
    table(OrderItem, "sku", "name"),
)

PAYLOAD = {
    "order_number": PLAIN,
    "order": PLAIN,
    "customer": IDENTIFIER,
    "customer_id": PLAIN,
    "sku": PLAIN,
    "quantity": PLAIN,
    "total": PLAIN,
    "total_amount": PLAIN,
    "currency": PLAIN,
    "authorized": PLAIN,
    "paid": PLAIN,
    "refunded": PLAIN,
}
