import django.db.models.deletion
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
        ('orders', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FulfillmentOrder',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('fulfillment_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'To pick'), ('picking', 'Picking'), ('packed', 'Packed'), ('shipped', 'Shipped'), ('cancelled', 'Cancelled')], default='pending', max_length=20)),
                ('priority', models.PositiveSmallIntegerField(default=0, help_text='Higher is picked first.')),
                ('ship_by', models.DateTimeField(blank=True, null=True)),
                ('picking_started_at', models.DateTimeField(editable=False, null=True)),
                ('packed_at', models.DateTimeField(editable=False, null=True)),
                ('shipped_at', models.DateTimeField(editable=False, null=True)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('notes', models.TextField(blank=True)),
                ('assigned_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fulfillment_orders', to=settings.AUTH_USER_MODEL)),
                ('location', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='fulfillment_orders', to='inventory.location')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fulfillment_orders', to='orders.order')),
            ],
            options={
                'verbose_name': 'fulfilment order',
                'db_table': 'fulfillment_orders',
                'db_table_comment': 'What a location has to pick and pack for an order',
                'indexes': [models.Index(fields=['location', 'status', '-priority', 'created_at'], name='idx_fulfillment_queue'), models.Index(condition=models.Q(('status__in', ('pending', 'picking', 'packed'))), fields=['ship_by'], name='idx_fulfillment_ship_by')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'picking', 'packed', 'shipped', 'cancelled'])), name='fulfillment_order_status_known', violation_error_message='Status must be one of: pending, picking, packed, shipped, cancelled.')],
            },
        ),
        migrations.CreateModel(
            name='Shipment',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('shipment_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('direction', models.CharField(choices=[('outbound', 'To customer'), ('inbound', 'From customer')], default='outbound', editable=False, max_length=8)),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('ready_to_ship', 'Ready to ship'), ('shipped', 'Shipped'), ('in_transit', 'In transit'), ('out_for_delivery', 'Out for delivery'), ('delivered', 'Delivered'), ('failed', 'Delivery failed'), ('returned', 'Returned to sender'), ('cancelled', 'Cancelled')], default='pending', max_length=20)),
                ('carrier', models.CharField(blank=True, max_length=50)),
                ('service', models.CharField(blank=True, max_length=50)),
                ('tracking_number', models.CharField(blank=True, max_length=100)),
                ('ship_to', models.JSONField(default=dict, editable=False)),
                ('package_count', models.PositiveSmallIntegerField(default=1)),
                ('weight_grams', models.PositiveIntegerField(blank=True, null=True)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('shipping_cost', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('shipped_at', models.DateTimeField(editable=False, null=True)),
                ('estimated_delivery_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(editable=False, null=True)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('notes', models.TextField(blank=True)),
                ('fulfillment_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shipments', to='fulfillment.fulfillmentorder')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shipments', to='inventory.location')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shipments', to='orders.order')),
            ],
            options={
                'db_table': 'shipments',
                'db_table_comment': 'Consignments to and from customers',
                'indexes': [models.Index(fields=['status', '-created_at'], name='idx_shipments_status_created'), models.Index(condition=models.Q(('status__in', ('shipped', 'in_transit', 'out_for_delivery', 'failed'))), fields=['estimated_delivery_at'], name='idx_shipments_estimated'), models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='idx_shipments_tracking_number')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('tracking_number', ''), _negated=True), fields=('carrier', 'tracking_number'), name='shipment_tracking_unique', violation_error_message='A shipment has this tracking number already.'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'ready_to_ship', 'shipped', 'in_transit', 'out_for_delivery', 'delivered', 'failed', 'returned', 'cancelled'])), name='shipment_status_known', violation_error_message='Status must be one of: pending, ready_to_ship, shipped, in_transit, out_for_delivery, delivered, failed, returned, cancelled.'), models.CheckConstraint(condition=models.Q(('direction__in', ['outbound', 'inbound'])), name='shipment_direction_known', violation_error_message='Direction must be one of: outbound, inbound.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='shipment_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('shipping_cost__gte', 0)), name='shipment_cost_not_negative', violation_error_message='Shipping cost must not be negative.'), models.CheckConstraint(condition=models.Q(('package_count__gt', 0)), name='shipment_packages_positive', violation_error_message='Package count must be above zero.'), models.CheckConstraint(condition=models.Q(('weight_grams__gt', 0)), name='shipment_weight_positive', violation_error_message='Weight grams must be above zero.'), models.CheckConstraint(condition=models.Q(('status__in', ('pending', 'ready_to_ship', 'cancelled')), ('shipped_at__isnull', False), _connector='OR'), name='shipment_shipped_has_time', violation_error_message='A shipment that left has the time it left.'), models.CheckConstraint(condition=models.Q(('delivered_at__isnull', True), ('delivered_at__gte', models.F('shipped_at')), _connector='OR'), name='shipment_delivered_after_shipped', violation_error_message="A shipment can't arrive before it left.")],
            },
        ),
        migrations.CreateModel(
            name='ShipmentItem',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('quantity', models.PositiveIntegerField()),
                ('allocation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shipment_items', to='inventory.stockallocation')),
                ('order_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shipment_items', to='orders.orderitem')),
                ('shipment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='fulfillment.shipment')),
            ],
            options={
                'db_table': 'shipment_items',
                'db_table_comment': 'What is in each shipment',
                'constraints': [models.UniqueConstraint(fields=('shipment', 'order_item'), name='shipment_item_unique', violation_error_message='This order line is in the shipment already.'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='shipment_item_quantity_positive', violation_error_message='Quantity must be above zero.')],
            },
        ),
        migrations.CreateModel(
            name='TrackingEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('carrier_event_id', models.CharField(blank=True, max_length=100)),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('ready_to_ship', 'Ready to ship'), ('shipped', 'Shipped'), ('in_transit', 'In transit'), ('out_for_delivery', 'Out for delivery'), ('delivered', 'Delivered'), ('failed', 'Delivery failed'), ('returned', 'Returned to sender'), ('cancelled', 'Cancelled')], max_length=20)),
                ('description', models.CharField(blank=True, max_length=255)),
                ('place', models.CharField(blank=True, max_length=255)),
                ('source', models.CharField(choices=[('carrier', 'Carrier'), ('manual', 'By hand')], default='carrier', max_length=10)),
                ('is_applied', models.BooleanField(default=False, verbose_name='moved the shipment')),
                ('occurred_at', models.DateTimeField()),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('shipment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tracking', to='fulfillment.shipment')),
            ],
            options={
                'verbose_name': 'tracking event',
                'db_table': 'shipment_tracking',
                'db_table_comment': 'Where carriers saw shipments; append-only',
                'indexes': [models.Index(fields=['shipment', '-occurred_at'], name='idx_tracking_shipment'), models.Index(fields=['-occurred_at'], name='idx_tracking_occurred')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('carrier_event_id', ''), _negated=True), fields=('shipment', 'carrier_event_id'), name='tracking_event_unique', violation_error_message='This scan was recorded already.'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'ready_to_ship', 'shipped', 'in_transit', 'out_for_delivery', 'delivered', 'failed', 'returned', 'cancelled'])), name='tracking_status_known', violation_error_message='Status must be one of: pending, ready_to_ship, shipped, in_transit, out_for_delivery, delivered, failed, returned, cancelled.'), models.CheckConstraint(condition=models.Q(('source__in', ['carrier', 'manual'])), name='tracking_source_known', violation_error_message='Source must be one of: carrier, manual.')],
            },
        ),
    ]
