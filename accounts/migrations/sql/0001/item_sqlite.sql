-- The items of a fact, one row each, in the order they lay on the tray.
CREATE VIEW fact_item AS
SELECT f.id AS fact_id, i.key + 1 AS no,
       json_extract(i.value, '$[0]') AS offer_id,
       json_extract(i.value, '$[1]') AS quantity
FROM fact f, json_each(f.items) i;
