"""Everything that may be done to bills of materials and work orders."""

from __future__ import annotations

from inventory.services.manufacturing.activation import activate_bom, obsolete_bom
from inventory.services.manufacturing.bills import (
    BomLine,
    check_bom,
    copy_bom,
    create_bom,
    required_quantity,
)
from inventory.services.manufacturing.interruptions import (
    cancel_work_order,
    close_work_order_short,
    hold_work_order,
    resume_work_order,
)
from inventory.services.manufacturing.operations import (
    complete_operation,
    skip_operation,
    start_operation,
)
from inventory.services.manufacturing.planning import (
    OperationPlan,
    create_work_order,
    find_shortages,
    release_work_order,
)
from inventory.services.manufacturing.production import (
    complete_work_order,
    material_cost,
    start_work_order,
)

__all__ = [
    "BomLine",
    "OperationPlan",
    "activate_bom",
    "cancel_work_order",
    "check_bom",
    "close_work_order_short",
    "complete_operation",
    "complete_work_order",
    "copy_bom",
    "create_bom",
    "create_work_order",
    "find_shortages",
    "hold_work_order",
    "material_cost",
    "obsolete_bom",
    "release_work_order",
    "required_quantity",
    "resume_work_order",
    "skip_operation",
    "start_operation",
    "start_work_order",
]
