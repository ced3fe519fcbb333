-- The items of a fact, one row each, in the order they lay on the tray.
CREATE VIEW fact_item AS
SELECT f.id AS fact_id, i.no,
       (i.item ->> 0)::bigint AS offer_id,
       (i.item ->> 1)::bigint AS quantity
FROM fact f, jsonb_array_elements(f.items::jsonb) WITH ORDINALITY AS i(item, no);
