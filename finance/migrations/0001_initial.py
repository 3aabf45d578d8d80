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
            name='Invoice',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('invoice_number', models.CharField(editable=False, help_text='Given when the invoice is issued, without gaps.', max_length=32, null=True, unique=True, verbose_name='number')),
                ('kind', models.CharField(choices=[('receivable', 'Receivable'), ('payable', 'Payable'), ('credit_note', 'Credit note')], default='receivable', max_length=12)),
                ('status', stateset.lib.fields.StatusField(choices=[('draft', 'Draft'), ('open', 'Open'), ('partially_paid', 'Partly paid'), ('paid', 'Paid'), ('void', 'Void')], default='draft', max_length=20)),
                ('supplier_invoice_number', models.CharField(blank=True, max_length=64)),
                ('issued_on', models.DateField(editable=False, null=True)),
                ('due_on', models.DateField(blank=True, null=True)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('subtotal', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('tax_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('shipping_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('amount_paid', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('amount_credited', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('bill_to', models.JSONField(default=dict, editable=False)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('paid_at', models.DateTimeField(editable=False, null=True)),
                ('notes', models.TextField(blank=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to=settings.AUTH_USER_MODEL)),
                ('credits', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='finance.invoice')),
                ('customer', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='orders.customer')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='orders.order')),
                ('purchase_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='inventory.purchaseorder')),
                ('supplier', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='inventory.supplier')),
            ],
            options={
                'db_table': 'invoices',
                'db_table_comment': 'Invoices to customers, from suppliers, credit notes',
                'indexes': [models.Index(fields=['customer', 'status'], name='idx_invoices_customer'), models.Index(fields=['supplier', 'status'], name='idx_invoices_supplier'), models.Index(condition=models.Q(('status__in', ('open', 'partially_paid'))), fields=['due_on'], name='idx_invoices_overdue'), models.Index(fields=['-created_at'], name='idx_invoices_created'), models.Index(condition=models.Q(('supplier_invoice_number', ''), _negated=True), fields=['supplier_invoice_number'], name='idx_invoices_supplier_number')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('kind', 'payable'), models.Q(('status', 'void'), _negated=True), models.Q(('supplier_invoice_number', ''), _negated=True)), fields=('supplier', 'supplier_invoice_number'), name='invoice_supplier_number_unique', violation_error_message='This supplier invoice is recorded already.'), models.CheckConstraint(condition=models.Q(('kind__in', ['receivable', 'payable', 'credit_note'])), name='invoice_kind_known', violation_error_message='Kind must be one of: receivable, payable, credit_note.'), models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'open', 'partially_paid', 'paid', 'void'])), name='invoice_status_known', violation_error_message='Status must be one of: draft, open, partially_paid, paid, void.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='invoice_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('subtotal__gte', 0), ('tax_total__gte', 0), ('shipping_total__gte', 0), ('total__gte', 0), ('amount_paid__gte', 0), ('amount_credited__gte', 0)), name='invoice_money_not_negative', violation_error_message='Subtotal, Tax total, Shipping total, Total, Amount paid, Amount credited must not be negative.'), models.CheckConstraint(condition=models.Q(('amount_paid__lte', models.F('total'))), name='invoice_paid_within_total', violation_error_message="No more can be paid than the invoice's total."), models.CheckConstraint(condition=models.Q(('amount_credited__lte', models.F('total'))), name='invoice_credited_within_total', violation_error_message="No more can be credited than the invoice's total."), models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('invoice_number__isnull', False), ('issued_on__isnull', False)), _connector='OR'), name='invoice_issued_has_number', violation_error_message='An issued invoice has a number and a date.'), models.CheckConstraint(condition=models.Q(models.Q(('customer__isnull', True), ('kind', 'payable'), ('supplier__isnull', False)), models.Q(('customer__isnull', False), ('kind__in', ('receivable', 'credit_note')), ('supplier__isnull', True)), _connector='OR'), name='invoice_party_fits_kind', violation_error_message='A payable names a supplier, every other kind a customer.'), models.CheckConstraint(condition=models.Q(models.Q(('credits__isnull', False), ('kind', 'credit_note')), models.Q(models.Q(('kind', 'credit_note'), _negated=True), ('credits__isnull', True)), _connector='OR'), name='invoice_credit_note_credits', violation_error_message='A credit note names the invoice it corrects.'), models.CheckConstraint(condition=models.Q(('due_on__isnull', True), ('issued_on__isnull', True), ('due_on__gte', models.F('issued_on')), _connector='OR'), name='invoice_due_after_issue', violation_error_message="An invoice can't be due before it is issued."), models.CheckConstraint(condition=models.Q(models.Q(('status', 'paid'), _negated=True), ('paid_at__isnull', False), _connector='OR'), name='invoice_paid_has_time', violation_error_message='A paid invoice has the time it was paid.')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('line_number', models.PositiveSmallIntegerField(editable=False)),
                ('description', models.CharField(max_length=255)),
                ('quantity', models.PositiveIntegerField()),
                ('unit_price', stateset.lib.fields.CostField(decimal_places=6, default=0, max_digits=19)),
                ('discount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('tax_rate', stateset.lib.fields.RateField(decimal_places=6, default=Decimal('0'), max_digits=7)),
                ('tax_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('line_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('invoice', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='finance.invoice')),
                ('order_item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='orders.orderitem')),
                ('purchase_order_item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='inventory.purchaseorderitem')),
            ],
            options={
                'db_table': 'invoice_lines',
                'db_table_comment': 'Lines of invoices',
                'constraints': [models.UniqueConstraint(fields=('invoice', 'line_number'), name='invoice_line_number_unique'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='invoice_line_quantity_positive', violation_error_message='Quantity must be above zero.'), models.CheckConstraint(condition=models.Q(('unit_price__gte', 0), ('discount__gte', 0), ('tax_amount__gte', 0), ('line_total__gte', 0)), name='invoice_line_money_not_negative', violation_error_message='Unit price, Discount, Tax amount, Line total must not be negative.'), models.CheckConstraint(condition=models.Q(('tax_rate__gte', 0), ('tax_rate__lte', 1)), name='invoice_line_tax_fraction', violation_error_message='Tax rate is a fraction between 0 and 1: 0.08 is 8 per cent.')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('payment_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('kind', models.CharField(choices=[('charge', 'Charge'), ('refund', 'Refund'), ('payout', 'Payout')], default='charge', max_length=8)),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('succeeded', 'Succeeded'), ('partially_refunded', 'Partly refunded'), ('refunded', 'Refunded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='pending', max_length=20)),
                ('method', models.CharField(choices=[('card', 'Card'), ('paypal', 'PayPal'), ('bank_transfer', 'Bank transfer'), ('cash', 'Cash'), ('check', 'Cheque')], max_length=16)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('refunded_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('provider', models.CharField(blank=True, max_length=32)),
                ('provider_reference', models.CharField(blank=True, max_length=255)),
                ('reason', models.CharField(blank=True, max_length=255)),
                ('failure_message', models.CharField(blank=True, editable=False, max_length=255)),
                ('idempotency_key', models.CharField(editable=False, max_length=255, null=True, unique=True)),
                ('processed_at', models.DateTimeField(editable=False, null=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to=settings.AUTH_USER_MODEL)),
                ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='finance.invoice')),
                ('order', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='orders.order')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='finance.payment')),
            ],
            options={
                'db_table': 'payments',
                'db_table_comment': 'Money in, back and out',
                'indexes': [models.Index(fields=['order', 'status'], name='idx_payments_order'), models.Index(fields=['status', '-created_at'], name='idx_payments_status_created'), models.Index(fields=['-created_at'], name='idx_payments_created')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider', 'provider_reference'), name='payment_provider_reference_unique', violation_error_message='This provider reference is recorded already.'), models.CheckConstraint(condition=models.Q(('kind__in', ['charge', 'refund', 'payout'])), name='payment_kind_known', violation_error_message='Kind must be one of: charge, refund, payout.'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'succeeded', 'partially_refunded', 'refunded', 'failed', 'cancelled'])), name='payment_status_known', violation_error_message='Status must be one of: pending, succeeded, partially_refunded, refunded, failed, cancelled.'), models.CheckConstraint(condition=models.Q(('method__in', ['card', 'paypal', 'bank_transfer', 'cash', 'check'])), name='payment_method_known', violation_error_message='Method must be one of: card, paypal, bank_transfer, cash, check.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='payment_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payment_amount_positive', violation_error_message='Amount must be above zero.'), models.CheckConstraint(condition=models.Q(('refunded_amount__gte', 0)), name='payment_refunded_not_negative', violation_error_message='Refunded amount must not be negative.'), models.CheckConstraint(condition=models.Q(('refunded_amount__lte', models.F('amount'))), name='payment_refunded_within_amount', violation_error_message='No more can be refunded than was paid.'), models.CheckConstraint(condition=models.Q(('order__isnull', False), ('invoice__isnull', False), _connector='OR'), name='payment_has_subject', violation_error_message='A payment is for an order or an invoice.'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'refund'), ('parent__isnull', False)), models.Q(models.Q(('kind', 'refund'), _negated=True), ('parent__isnull', True)), _connector='OR'), name='payment_refund_has_parent', violation_error_message='A refund names the payment it gives back.'), models.CheckConstraint(condition=models.Q(('status__in', ('pending', 'failed', 'cancelled')), ('processed_at__isnull', False), _connector='OR'), name='payment_succeeded_has_time', violation_error_message='A payment that succeeded has the time it did.')],
            },
        ),
        migrations.CreateModel(
            name='CashSale',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('sale_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('status', stateset.lib.fields.StatusField(choices=[('completed', 'Completed'), ('voided', 'Voided')], default='completed', max_length=20)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', max_length=3)),
                ('amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('tendered_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('change_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('sold_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('cashier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_sales', to=settings.AUTH_USER_MODEL)),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_sales', to='inventory.location')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='cash_sale', to='orders.order')),
                ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='cash_sale', to='finance.payment')),
            ],
            options={
                'db_table': 'cash_sales',
                'db_table_comment': 'Sales over the counter',
                'indexes': [models.Index(fields=['-sold_at'], name='idx_cash_sales_sold')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['completed', 'voided'])), name='cash_sale_status_known', violation_error_message='Status must be one of: completed, voided.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='cash_sale_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='cash_sale_amount_positive', violation_error_message='Amount must be above zero.'), models.CheckConstraint(condition=models.Q(('change_amount__gte', 0)), name='cash_sale_change_not_negative', violation_error_message='Change amount must not be negative.'), models.CheckConstraint(condition=models.Q(('tendered_amount__gte', models.F('amount'))), name='cash_sale_tendered_enough', violation_error_message='The money tendered does not cover the sale.')],
            },
        ),
        migrations.CreateModel(
            name='PaymentApplication',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='finance.invoice')),
                ('payment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='finance.payment')),
            ],
            options={
                'db_table': 'payment_applications',
                'db_table_comment': 'Which payment settles which invoice',
                'constraints': [models.UniqueConstraint(fields=('payment', 'invoice'), name='payment_application_unique', violation_error_message='This payment is applied here already.'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payment_application_positive', violation_error_message='Amount must be above zero.')],
            },
        ),
    ]
