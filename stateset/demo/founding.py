"""Found the demo company: people, places, suppliers, goods, customers."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.models import Group

from inventory.models import Location, Product, ProductVariant, StockLevel, Supplier
from inventory.services.procurement import receive_opening_stock
from inventory.services.stock import ensure_level
from orders.models import Address
from orders.services import create_customer, save_address
from stateset.accounts.models import User
from stateset.accounts.services import (
    issue_api_key,
    issue_refresh_token,
    request_password_reset,
)
from stateset.demo.goods import SUPPLIERS, Goods, read_goods
from stateset.demo.names import (
    COMPANIES,
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    STAFF,
    STREETS,
    plain_letters,
)
from stateset.demo.world import World
from stateset.system.services.transitions import save_columns

TAX_RATE = Decimal("0.08")
OPENING_REORDERS = 3
"""The shelves begin with this many times what is reordered."""


def found_company(world: World, *, customers: int) -> None:
    """Make everything the company has on its first day."""
    hire_staff(world)
    open_places(world)
    meet_suppliers(world)
    list_goods(world)
    fill_shelves(world)
    welcome_customers(world, customers)


def hire_staff(world: World) -> None:
    for role, (name, group) in STAFF.items():
        email = f"{name.lower().replace(' ', '.').replace('á', 'a')}@example.com"
        user = User.objects.create_user(email, name=name, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        world.staff[role] = user
    issue_api_key(
        user=world.staff["manager"], name="Prometheus", scopes=["metrics:read"]
    )
    issue_refresh_token(world.staff["support"])
    request_password_reset(world.staff["auditor"])


def open_places(world: World) -> None:
    world.warehouse = Location.objects.create(
        code="BER",
        name="Berlin warehouse",
        line1="Speicherstraße 4",
        city="Berlin",
        postal_code="12435",
        country_code="DE",
        is_default=True,
    )
    world.store = Location.objects.create(
        code="SHOP",
        name="Berlin shop",
        kind=Location.Kind.STORE,
        line1="Auguststraße 11",
        city="Berlin",
        postal_code="10117",
        country_code="DE",
    )
    world.quarantine = Location.objects.create(
        code="QUAR", name="Quarantine shelf", kind=Location.Kind.QUARANTINE
    )


def meet_suppliers(world: World) -> None:
    for code, (name, city, country, _) in SUPPLIERS.items():
        world.suppliers[code] = Supplier.objects.create(
            code=code,
            name=name,
            city=city,
            country_code=country,
            email=f"orders@{code.lower()}.example",
        )


def list_goods(world: World) -> None:
    for goods in read_goods():
        world.goods[goods.sku] = goods
        world.variants[goods.sku] = _list(goods)


def fill_shelves(world: World) -> None:
    for sku, goods in world.goods.items():
        variant = world.variants[sku]
        if not variant.is_stocked:
            continue
        level = ensure_level(variant=variant, location=world.warehouse)
        save_columns(
            level, reorder_point=goods.reorder, reorder_quantity=goods.reorder * 2
        )
        receive_opening_stock(
            variant=variant,
            location=world.warehouse,
            quantity=goods.reorder * OPENING_REORDERS,
            unit_cost=cost_of(world, goods),
            supplier=world.suppliers.get(goods.supplier),
            at=world.start,
        )


def cost_of(world: World, goods: Goods) -> Decimal:
    """Return what one unit costs: bought in, or the sum of its parts."""
    if not goods.parts:
        return goods.cost
    parts = (cost_of(world, world.goods[sku]) * per for sku, per in goods.parts.items())
    return sum(parts, Decimal(0)).quantize(Decimal("0.000001"))


def welcome_customers(world: World, count: int) -> None:
    pick = world.random.choice
    for number in range(count):
        first, last = pick(FIRST_NAMES), pick(LAST_NAMES)
        is_company = number < len(COMPANIES)
        customer = create_customer(
            first_name=first,
            last_name=last,
            company=COMPANIES[number] if is_company else "",
            email=f"{plain_letters(first)}.{plain_letters(last)}{number}@example.net",
            phone=f"+49 30 {world.random.randint(1000000, 9999999)}",
            accepts_marketing=world.chance(40),
            at=world.start,
        )
        city, postal_code, province, country = pick(PLACES)
        save_address(
            Address(
                customer=customer,
                name=f"{first} {last}",
                company=customer.company,
                line1=f"{pick(STREETS)} {world.random.randint(1, 120)}",
                city=city,
                province=province,
                postal_code=postal_code,
                country_code=country,
                is_default_shipping=True,
                is_default_billing=True,
            )
        )
        world.customers.append(customer)


def levels_at_home(world: World) -> dict[str, StockLevel]:
    """Return the warehouse's stock levels by SKU, as they are now.

    In order of SKU: which ones are drawn by chance must not depend on where the
    server put a row that was changed.
    """
    levels = StockLevel.objects.filter(location=world.warehouse)
    return {
        level.variant.sku: level
        for level in levels.select_related("variant").order_by("variant__sku")
    }


def _list(goods: Goods) -> ProductVariant:
    is_sold = goods.price > 0
    product, _ = Product.objects.get_or_create(
        sku=goods.style,
        defaults={
            "name": goods.name,
            "category": goods.category,
            "brand": SUPPLIERS[goods.supplier][0] if goods.supplier else "House",
            "status": Product.Status.ACTIVE if is_sold else Product.Status.DRAFT,
            "tax_rate": TAX_RATE,
            "warranty_months": goods.warranty_months,
            "is_returnable": goods.category != "Coffee",
        },
    )
    name = f"{goods.name}, {goods.variant}" if goods.variant else goods.name
    return ProductVariant.objects.create(
        product=product,
        sku=goods.sku,
        name=name,
        price=goods.price,
        item_type=goods.item_type,
        weight_grams=goods.weight_grams,
        uom=goods.uom,
        uom_decimals=goods.decimals,
        is_stocked=goods.item_type != "service",
    )
