import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import stateset.lib.fields
import uuid_utils.compat
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('inventory', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('customer_number', models.CharField(max_length=32, unique=True, verbose_name='number')),
                ('email', models.EmailField(blank=True, error_messages={'unique': 'There is a customer with this e-mail already.'}, max_length=255, null=True, unique=True)),
                ('first_name', models.CharField(blank=True, max_length=100)),
                ('last_name', models.CharField(blank=True, max_length=100)),
                ('company', models.CharField(blank=True, max_length=255)),
                ('phone', models.CharField(blank=True, max_length=50)),
                ('status', stateset.lib.fields.StatusField(choices=[('active', 'Active'), ('inactive', 'Inactive'), ('suspended', 'Suspended')], default='active', max_length=20)),
                ('accepts_marketing', models.BooleanField(default=False)),
                ('notes', models.TextField(blank=True)),
            ],
            options={
                'db_table': 'customers',
                'db_table_comment': 'People and companies that order',
                'indexes': [models.Index(fields=['last_name', 'first_name'], name='idx_customers_name'), models.Index(fields=['company'], name='idx_customers_company'), models.Index(fields=['-created_at'], name='idx_customers_created')],
                'constraints': [models.CheckConstraint(condition=models.Q(('email__isnull', True), ('email', django.db.models.functions.text.Lower('email')), _connector='OR'), name='customer_email_lower_case', violation_error_message='E-mail addresses are kept in small letters.'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'inactive', 'suspended'])), name='customer_status_known', violation_error_message='Status must be one of: active, inactive, suspended.'), models.CheckConstraint(condition=models.Q(('email', ''), _negated=True), name='customer_email_not_blank', violation_error_message='Leave the e-mail unset instead of empty.'), models.CheckConstraint(condition=models.Q(models.Q(('last_name', ''), _negated=True), models.Q(('company', ''), _negated=True), _connector='OR'), name='customer_name_given', violation_error_message='A customer needs a last name or a company.')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('order_number', models.CharField(max_length=50, unique=True, verbose_name='number')),
                ('customer_email', models.EmailField(blank=True, max_length=255)),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('confirmed', 'Confirmed'), ('processing', 'Processing'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('on_hold', 'On hold'), ('cancelled', 'Cancelled')], default='pending', max_length=20)),
                ('payment_status', stateset.lib.fields.StatusField(choices=[('pending', 'Unpaid'), ('partially_paid', 'Partly paid'), ('paid', 'Paid'), ('partially_refunded', 'Partly refunded'), ('refunded', 'Refunded')], default='pending', editable=False, max_length=20)),
                ('fulfillment_status', stateset.lib.fields.StatusField(choices=[('unfulfilled', 'Not shipped'), ('partially_fulfilled', 'Partly shipped'), ('fulfilled', 'Shipped'), ('partially_returned', 'Partly returned'), ('returned', 'Returned')], default='unfulfilled', editable=False, max_length=20)),
                ('channel', models.CharField(choices=[('web', 'Web'), ('phone', 'Phone'), ('store', 'Store'), ('import', 'Import')], default='web', max_length=20)),
                ('order_date', models.DateTimeField(default=django.utils.timezone.now)),
                ('promised_at', models.DateTimeField(blank=True, null=True)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('subtotal', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('discount_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('tax_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('shipping_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('total_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('amount_paid', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('amount_refunded', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('shipping_method', models.CharField(blank=True, max_length=100)),
                ('tracking_number', models.CharField(blank=True, editable=False, max_length=255)),
                ('shipping_address', models.JSONField(default=dict, editable=False)),
                ('billing_address', models.JSONField(default=dict, editable=False)),
                ('held_from', models.CharField(blank=True, editable=False, max_length=20)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('confirmed_at', models.DateTimeField(editable=False, null=True)),
                ('shipped_at', models.DateTimeField(editable=False, null=True)),
                ('delivered_at', models.DateTimeField(editable=False, null=True)),
                ('cancelled_at', models.DateTimeField(editable=False, null=True)),
                ('notes', models.TextField(blank=True)),
                ('idempotency_key', models.CharField(editable=False, max_length=255, null=True, unique=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='orders.customer')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='inventory.location')),
            ],
            options={
                'db_table': 'orders',
                'db_table_comment': 'Orders of customers',
                'indexes': [models.Index(fields=['customer'], name='idx_orders_customer_id'), models.Index(fields=['created_at'], name='idx_orders_created_at'), models.Index(fields=['status', '-created_at'], name='idx_orders_status_created'), models.Index(condition=models.Q(('status__in', ('pending', 'processing'))), fields=['customer'], name='idx_orders_active'), models.Index(fields=['-order_date', '-id'], name='idx_orders_date'), models.Index(condition=models.Q(('status__in', ('confirmed', 'processing'))), fields=['promised_at'], name='idx_orders_promised'), models.Index(fields=['customer_email'], name='idx_orders_email'), models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='idx_orders_tracking')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'confirmed', 'processing', 'shipped', 'delivered', 'on_hold', 'cancelled'])), name='order_status_known', violation_error_message='Status must be one of: pending, confirmed, processing, shipped, delivered, on_hold, cancelled.'), models.CheckConstraint(condition=models.Q(('payment_status__in', ['pending', 'partially_paid', 'paid', 'partially_refunded', 'refunded'])), name='order_payment_status_known', violation_error_message='Payment status must be one of: pending, partially_paid, paid, partially_refunded, refunded.'), models.CheckConstraint(condition=models.Q(('fulfillment_status__in', ['unfulfilled', 'partially_fulfilled', 'fulfilled', 'partially_returned', 'returned'])), name='order_fulfillment_status_known', violation_error_message='Fulfillment status must be one of: unfulfilled, partially_fulfilled, fulfilled, partially_returned, returned.'), models.CheckConstraint(condition=models.Q(('channel__in', ['web', 'phone', 'store', 'import'])), name='order_channel_known', violation_error_message='Channel must be one of: web, phone, store, import.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='order_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('subtotal__gte', 0), ('discount_total__gte', 0), ('tax_total__gte', 0), ('shipping_total__gte', 0), ('total_amount__gte', 0), ('amount_paid__gte', 0), ('amount_refunded__gte', 0)), name='order_money_not_negative', violation_error_message='Subtotal, Discount total, Tax total, Shipping total, Total amount, Amount paid, Amount refunded must not be negative.'), models.CheckConstraint(condition=models.Q(('discount_total__lte', models.F('subtotal'))), name='order_discount_within_subtotal', violation_error_message='The discount must not pass the subtotal.'), models.CheckConstraint(condition=models.Q(('amount_refunded__lte', models.F('amount_paid'))), name='order_refunded_within_paid', violation_error_message='No more can be refunded than was paid.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'on_hold'), models.Q(('held_from', ''), _negated=True)), models.Q(models.Q(('status', 'on_hold'), _negated=True), ('held_from', '')), _connector='OR'), name='order_hold_remembers', violation_error_message='An order on hold remembers where it was held from.'), models.CheckConstraint(condition=models.Q(('order_number', ''), _negated=True), name='order_number_given', violation_error_message='An order needs a number.')],
            },
        ),
        migrations.CreateModel(
            name='Cart',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('session_key', models.CharField(blank=True, max_length=64)),
                ('status', stateset.lib.fields.StatusField(choices=[('active', 'Active'), ('converted', 'Ordered'), ('expired', 'Expired')], default='active', max_length=20)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('subtotal', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('expires_at', models.DateTimeField()),
                ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='carts', to='orders.customer')),
                ('converted_order', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cart', to='orders.order')),
            ],
            options={
                'db_table': 'carts',
                'db_table_comment': 'Baskets, until they are ordered or expire',
                'indexes': [models.Index(fields=['status', 'expires_at'], name='idx_carts_expires'), models.Index(fields=['-updated_at'], name='idx_carts_updated')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('customer',), name='cart_one_active_per_customer', violation_error_message='This customer has an active cart already.'), models.UniqueConstraint(condition=models.Q(('status', 'active'), models.Q(('session_key', ''), _negated=True)), fields=('session_key',), name='cart_one_active_per_session', violation_error_message='This session has an active cart already.'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'converted', 'expired'])), name='cart_status_known', violation_error_message='Status must be one of: active, converted, expired.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='cart_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('subtotal__gte', 0)), name='cart_subtotal_not_negative', violation_error_message='Subtotal must not be negative.'), models.CheckConstraint(condition=models.Q(('customer__isnull', False), models.Q(('session_key', ''), _negated=True), _connector='OR'), name='cart_has_owner', violation_error_message='A cart belongs to a customer or to a session.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'converted'), _negated=True), ('converted_order__isnull', False), _connector='OR'), name='cart_converted_has_order', violation_error_message='An ordered cart names its order.')],
            },
        ),
        migrations.CreateModel(
            name='OrderItem',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('line_number', models.PositiveSmallIntegerField(editable=False)),
                ('sku', models.CharField(editable=False, max_length=100, verbose_name='SKU')),
                ('name', models.CharField(editable=False, max_length=255)),
                ('quantity', models.PositiveIntegerField()),
                ('quantity_reserved', models.PositiveIntegerField(default=0, editable=False)),
                ('quantity_packed', models.PositiveIntegerField(default=0, editable=False)),
                ('quantity_fulfilled', models.PositiveIntegerField(default=0, editable=False)),
                ('quantity_cancelled', models.PositiveIntegerField(default=0, editable=False)),
                ('quantity_returned', models.PositiveIntegerField(default=0, editable=False)),
                ('unit_price', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('discount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('tax_rate', stateset.lib.fields.RateField(decimal_places=6, default=Decimal('0'), max_digits=7)),
                ('tax_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('total_price', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('unit_cost', stateset.lib.fields.CostField(decimal_places=6, editable=False, max_digits=19, null=True)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='orders.order')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_items', to='inventory.productvariant')),
            ],
            options={
                'db_table': 'order_items',
                'db_table_comment': 'Lines of orders',
                'constraints': [models.UniqueConstraint(fields=('order', 'line_number'), name='order_item_line_unique'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='order_item_quantity_positive', violation_error_message='Quantity must be above zero.'), models.CheckConstraint(condition=models.Q(('unit_price__gte', 0), ('discount__gte', 0), ('tax_amount__gte', 0), ('total_price__gte', 0)), name='order_item_money_not_negative', violation_error_message='Unit price, Discount, Tax amount, Total price must not be negative.'), models.CheckConstraint(condition=models.Q(('tax_rate__gte', 0), ('tax_rate__lte', 1)), name='order_item_tax_rate_fraction', violation_error_message='Tax rate is a fraction between 0 and 1: 0.08 is 8 per cent.'), models.CheckConstraint(condition=models.Q(('quantity__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('quantity_reserved'), '+', models.F('quantity_packed')), '+', models.F('quantity_fulfilled')), '+', models.F('quantity_cancelled')))), name='order_item_units_within_quantity', violation_error_message="A line's units must not pass its quantity."), models.CheckConstraint(condition=models.Q(('quantity_returned__lte', models.F('quantity_fulfilled'))), name='order_item_returned_within_shipped', violation_error_message='No more can be returned than was shipped.')],
            },
        ),
        migrations.CreateModel(
            name='CartItem',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('quantity', models.PositiveIntegerField()),
                ('unit_price', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('line_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('cart', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='orders.cart')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cart_items', to='inventory.productvariant')),
            ],
            options={
                'db_table': 'cart_items',
                'db_table_comment': 'Lines of carts',
                'constraints': [models.UniqueConstraint(fields=('cart', 'variant'), name='cart_item_variant_unique', violation_error_message='This variant is in the cart already.'), models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 999)), name='cart_item_quantity_range', violation_error_message='A cart line holds 1 to 999 units.'), models.CheckConstraint(condition=models.Q(('unit_price__gte', 0), ('line_total__gte', 0)), name='cart_item_money_not_negative', violation_error_message='Unit price, Line total must not be negative.')],
            },
        ),
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(blank=True, max_length=255)),
                ('company', models.CharField(blank=True, max_length=255)),
                ('line1', models.CharField(max_length=255, verbose_name='address')),
                ('line2', models.CharField(blank=True, max_length=255, verbose_name='address, second line')),
                ('city', models.CharField(max_length=100)),
                ('province', models.CharField(blank=True, max_length=100)),
                ('postal_code', models.CharField(blank=True, max_length=20)),
                ('country_code', models.CharField(max_length=2, verbose_name='country')),
                ('phone', models.CharField(blank=True, max_length=50)),
                ('is_default_shipping', models.BooleanField(default=False, verbose_name='ships here')),
                ('is_default_billing', models.BooleanField(default=False, verbose_name='billed here')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='orders.customer')),
            ],
            options={
                'verbose_name_plural': 'addresses',
                'db_table': 'addresses',
                'db_table_comment': 'Addresses of customers',
                'constraints': [models.UniqueConstraint(condition=models.Q(('archived_at__isnull', True), ('is_default_shipping', True)), fields=('customer',), name='address_one_default_shipping', violation_error_message='Another address is shipped to by default.'), models.UniqueConstraint(condition=models.Q(('archived_at__isnull', True), ('is_default_billing', True)), fields=('customer',), name='address_one_default_billing', violation_error_message='Another address is billed to by default.'), models.CheckConstraint(condition=models.Q(('country_code', django.db.models.functions.text.Upper('country_code')), models.Q(('country_code', ''), _negated=True)), name='address_country_capitals', violation_error_message='Country is a two-letter ISO 3166 code such as DE.')],
            },
        ),
    ]
