"""Which fields and values MX Merchant documents, so that what is new is noticed (SYS-17)."""

PAYMENT = frozenset(
    """id created merchantId creatorName type status tenderType amount tax surchargeAmount surchargeRate surchargeLabel
    settledAmount availableAuthAmount refundedAmount currency settledCurrency settledDate cardAccount authOnly
    cardPresent isDuplicate taxExempt authCode authMessage responseCode IssuerResponseCode reference invoice
    clientReference customerCode customerName batch device risk reviewIndicator source originalId replayId
    shouldGetCreditCardLevel paymentToken batchId posData requireSignature originalAmount cashbackAmount
    discountAmount balance invoiceIds bankAccount customer""".split()
)

CARD_ACCOUNT = frozenset(
    "cardType last4 token hasContract cardPresent entryMode cardId expiryMonth expiryYear isDebit isCorp".split()
)

INVOICE = frozenset(
    """id merchantId type receiptNumber invoiceNumber customerName customerNumber isTaxExempt memo quantity
    returnQuantity returnStatus totalAmount subTotalAmount discountAmount balance paidAmount taxAmount dueDate
    created invoiceDate sourceType status terms currency""".split()
)

INVOICE_DETAIL = INVOICE | frozenset(
    """dba email accessCode saleQuantity netQuantity purchases shippingLineItems discounts taxes customer
    billingAddress shippingAddress payments barCode allowCreditCard allowACH isShippingSameAsBilling
    masterCardSecureCode legacy""".split()
)

PURCHASE = frozenset(
    """id productId productName description quantity quantityReturned price subTotalAmount discountAmount
    priceDiscountAmount taxAmount totalAmount trackingNumber created productVariant taxes discounts""".split()
)

FIELDS: dict[str, dict[str, frozenset[str]]] = {
    "payments": {"": PAYMENT, "cardAccount": CARD_ACCOUNT},
    "invoices": {"": INVOICE},
    "invoice_details": {"": INVOICE_DETAIL, "purchases": PURCHASE},
}

# The vendor leaves out what does not apply. Only of these fields absence says something.
ALWAYS_SENT: dict[str, dict[str, frozenset[str]]] = {
    "payments": {
        "": frozenset(
            "id created merchantId type status tenderType amount currency authOnly responseCode source".split()
        )
    },
    "invoices": {
        "": frozenset(
            """id created merchantId invoiceNumber type status quantity totalAmount subTotalAmount discountAmount
            balance paidAmount""".split()
        )
    },
    "invoice_details": {
        "": frozenset("id created merchantId invoiceNumber status totalAmount balance paidAmount purchases".split()),
        "purchases": frozenset("id quantity quantityReturned price totalAmount".split()),
    },
}

# Values of enumerated columns, folded: the case varies (``card``). Unknown ones load all the same. ``source`` is not
# among them: an application writes its own name there.
VALUES: dict[str, dict[str, frozenset[str]]] = {
    "payments": {
        "type": frozenset("sale return authorization salecompletion".split()),
        "status": frozenset(
            "approved settled declined voided chargedback ticketonly authonly inprogress".split(),
        ),
        "tender_type": frozenset("card ach cash".split()),
        "card_type": frozenset("visa mastercard amex discover".split()),
    },
    "invoices": {"status": frozenset("unpaid paid cancelled void".split())},
    "invoice_items": {},
}
