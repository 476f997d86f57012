"""The fields of a purchase, in the order in which a line of a file is handed to the database (CSV-06)."""

REQUIRED = ("transaction_number", "transaction_date", "user_id", "sku_id", "quantity", "unit_price")
OPTIONAL = ("line_total", "final_amount", "discount_amount", "tax_amount", "note")
FIELDS = REQUIRED + OPTIONAL
#: The values of a staged line: the columns of the temporary table, in its order.
STAGED = ("line", *FIELDS)
