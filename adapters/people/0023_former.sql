-- Where somebody read before the address was changed: that it was changed is told there.
SET LOCAL ROLE papertape_owner;

ALTER TABLE ops.credential ADD COLUMN sealed_former_email bytea;
