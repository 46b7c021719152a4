-- What the marketplace said is most of the bytes and most of the time of storing them. LZ4 packs it in a fraction of the time that
-- the default takes. A server that was built without it keeps the default. What is stored already stays as it is.
DO $$
BEGIN
    ALTER TABLE orders ALTER COLUMN raw_order_data SET COMPRESSION lz4;
    ALTER TABLE api_calls ALTER COLUMN response_body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;
