"""A source's record as it may be shown to whoever looks into the quarantine: personal fields masked (SYS-08)."""

from typing import Any

from sync_platform.core.redact import MASK, masked

#: Fields that say nothing about a person. Every other text or number is masked: a source adds fields at will.
OPEN_FIELDS = frozenset(
    """
    id companyId shopId created modified deleted updated dirty status consumerType medical enableLoyalty
    transNo transType queueType parentTransactionId sellerTerminalId completedTime processedTime startTime endTime
    active transactionStatus paymentStatus refundOption
    productId categoryId vendorId brandId sku unitPrice costPrice quantity weightPerUnit unitValue flowerType
    subTotal total totalTax totalDiscount roundAmt paymentOption orderItemId cost finalPrice calcTax
    merchantId tenderType amount tax surchargeAmount surchargeRate settledAmount availableAuthAmount refundedAmount
    currency settledCurrency settledDate responseCode invoice invoiceNumber invoiceIds originalId
    totalAmount subTotalAmount discountAmount taxAmount balance paidAmount dueDate invoiceDate returnQuantity
    returnStatus price priceDiscountAmount quantityReturned
    crm_package_id package_name_from_def package_name package_display_name_from_def package_display_name
    package_type_from_def package_type_name package_total_hours_from_def total_hours package_pax_from_def pax
    package_validity_period_from_def first_use_date expiration_date calculated_remaining_hours remaining_hours
    calculated_used_hours used_hours created_at_for_purchase_date
    """.split()
)
MAX_DEPTH = 20


def masked_record(value: Any, field: str = "", depth: int = 0) -> Any:
    """The same structure; kinds of values stay recognisable, which is what a wrong record is looked at for."""
    if depth > MAX_DEPTH:
        return MASK
    if isinstance(value, dict):
        return {name: masked_record(item, name, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [masked_record(item, field, depth + 1) for item in value]
    if value is None or isinstance(value, bool) or field in OPEN_FIELDS:
        return value
    return masked(value) if isinstance(value, str) else MASK
