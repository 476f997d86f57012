"""Which fields and values the vendor documents, so that what is new is noticed (SYS-17)."""

_COMMON = "id created modified deleted updated companyId shopId dirty"

MEMBER = frozenset(
    f"""{_COMMON} anonymous banPatient firstName lastName middleName nickname email primaryPhone cpn address addresses
    dob birthdate localDob localDobUTC sex status consumerType medical textOptIn emailOptIn emailVerified enableLoyalty
    lastVisitDate startDate loyaltyPoints lifetimePoints memberGroupId memberGroup notes identifications recommendations
    contracts tags recentProducts preferences metadata careGivers marketingSource referralCode consumerUserId importId
    regionId recommendationExpired dlExpired agreementExpired uppercaseCity searchText enabledCareGiver
    eligibleForFTMPromos recommendationExpiryLeft exemptFromLimits""".split()
)

TRANSACTION = frozenset(
    f"""{_COMMON} transNo parentTransactionId priority createdById sellerId memberId terminalId sellerTerminalId
    checkinTime startTime endTime active queueType status transType transactionRefundStatus processedTime completedTime
    paid paidTime timeZone pointsEarned paidAmount paymentReceived balance previousBalance consumerType purchaseType
    internalSalesChannel salesChannel orderTags loc voidDate voidedByEmployeeId member seller terminal note deleteNote
    deliveryAddress payments cart metrcId metrcSaleTime traceSubmitStatus""".split()
)

CART = frozenset(
    """id created modified deleted updated companyId discount discountType promoCode consumerType subTotal totalDiscount
    calcCartDiscount subTotalDiscount tax totalCalcTax totalPreCalcTax totalExciseTax totalALExciseTax taxRateDetails
    totalBeforeTaxRounding totalAfterTaxRounding roundAmt taxRoundOffType feeTotal creditCardFee totalFees deliveryFee
    tipAmount total cashReceived changeDue balanceDue paymentOption paymentType splitPayment pointSpent refundAmount
    refundOption requestRefundAmt finalRefundAmt refundOrderItemRequests refundLog promotionReqs promotionReqLogs
    items""".split()
)

ORDER_ITEM = frozenset(
    """id created modified deleted updated companyId parentId orderItemId productId productSku productName categoryName
    brandName productType weightPerUnit quantity origQuantity unitPrice cost cogs discount discountType calcDiscount
    finalPrice calcTax calcPreTax exciseTax status batchId batchSku inventoryId quantityLogs totalRefundAmount
    totalRefundQty loyaltyAccrual""".split()
)

PRODUCT = frozenset(
    f"""{_COMMON} archived active instock sku name description flowerType genetics unitPrice purchasePrice salesPrice
    priceBreaks weightPerUnit unitValue customWeight customGramType thc cbd cbn cbda thca cbg potencyAmount
    totalCannabinoids totalTerpenes categoryId category brandId brand brandName vendorId vendor vendorName categoryName
    quantities sellableQuantities committedQuantities cannabisType productType productSaleType taxType taxOrder assets
    tags notes metadata bundleItems terpenoids activeBatchId medicinal byGram enableWeedmap""".split()
)

FIELDS: dict[str, dict[str, frozenset[str]]] = {
    "customers": {"": MEMBER},
    "transactions": {"": TRANSACTION, "cart": CART, "cart.items": ORDER_ITEM},
    "products": {"": PRODUCT},
}

# Values of enumerated columns, folded: a code base compares them in lower case. Unknown ones load all the same.
VALUES: dict[str, dict[str, frozenset[str]]] = {
    "customers": {"customer_type": frozenset({"active", "pending", "inactive"})},
    "transactions": {
        "trans_type": frozenset(
            "sale refund adjustment transfer exchange returntovendor shippingmanifest void".split()
        ),
        "blaze_status": frozenset(
            """queued hold inprogress completed pending canceled refundwithinventory refundwithoutinventory void
            voidsales draft""".split()
        ),
        "refund_status": frozenset("none in_progress complete_refund partial_refund".split()),
        "payment_type": frozenset(
            """cash credit check hypur split storecredit linx cashlessatm mtrac none clover blazepay ach giftcard spence
            stronghold""".split()
        ),
    },
    "transaction_items": {
        "discount_type": frozenset({"cash", "percentage", "finalprice"}),
        "line_status": frozenset({"active", "refunded", "exchange", "void"}),
    },
    "products": {},
}
