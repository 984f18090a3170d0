-- One order as one transaction: the order, two items, the payment, two outbox rows. Pipelined: one
-- round trip, statements prepared, rows of a table in one statement.
\set customer random(1, 100000)
\set store random(1, 200)
\set number random(1, 4611686018427387904)
\startpipeline
BEGIN;
INSERT INTO orders (id, customer_id, store_id, state, total_won, address, area) VALUES ('ord-' || :number::bigint, 'customer-' || :customer::int, 'store-' || :store::int, 4, 21900, 'Teheran-ro 521, Gangnam-gu, Seoul', 'gangnam');
INSERT INTO order_items (order_id, line, item_id, name, unit_price_won, quantity) VALUES ('ord-' || :number::bigint, 1, 'item-07', 'Fried chicken, half and half', 18900, 1), ('ord-' || :number::bigint, 2, 'item-21', 'Coke 500 ml', 3000, 1);
INSERT INTO payments (key, order_id, amount_won, state, provider_reference) VALUES ('pay-' || :number::bigint, 'ord-' || :number::bigint, 21900, 2, 'sim-000000000001');
INSERT INTO outbox (topic, key, payload) VALUES ('order', 'ord-' || :number::bigint, decode(repeat('ab', 180), 'hex')), ('payment', 'ord-' || :number::bigint, decode(repeat('cd', 90), 'hex'));
COMMIT;
\endpipeline
