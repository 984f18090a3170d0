-- What one order leaves behind in an ordinary relational design with a transactional outbox.
CREATE TABLE orders (
  id text PRIMARY KEY,
  customer_id text NOT NULL,
  store_id text NOT NULL,
  state smallint NOT NULL,
  total_won bigint NOT NULL,
  address text NOT NULL,
  area text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_items (
  order_id text NOT NULL,
  line smallint NOT NULL,
  item_id text NOT NULL,
  name text NOT NULL,
  unit_price_won bigint NOT NULL,
  quantity integer NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE TABLE payments (
  key text PRIMARY KEY,
  order_id text NOT NULL,
  amount_won bigint NOT NULL,
  state smallint NOT NULL,
  provider_reference text NOT NULL
);
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  key text NOT NULL,
  payload bytea NOT NULL
);
