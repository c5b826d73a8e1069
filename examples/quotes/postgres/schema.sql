CREATE TABLE IF NOT EXISTS quotes (
  id uuid PRIMARY KEY,
  reference text NOT NULL,
  contact jsonb,
  started_at timestamptz NOT NULL,
  is_first_quote boolean,
  revision bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS quote_items (
  quote_id uuid NOT NULL REFERENCES quotes (id),
  product_id text NOT NULL,
  rate_key text NOT NULL,
  product_key text NOT NULL,
  product_name text,
  product_total numeric(14, 4),
  product_ipt numeric(14, 4),
  description text,
  is_offered boolean,
  base_premium numeric(14, 4),
  loading numeric(14, 4),
  discount numeric(14, 4),
  ipt numeric(14, 4),
  commission numeric(14, 4),
  total numeric(14, 4),
  status text,
  rating_attributes jsonb,
  errors jsonb,
  revision bigint NOT NULL,
  PRIMARY KEY (quote_id, product_id, rate_key)
);

CREATE TABLE IF NOT EXISTS quote_updates (
  quote_id uuid NOT NULL REFERENCES quotes (id),
  revision bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (quote_id, revision)
);

CREATE TABLE IF NOT EXISTS quote_update_products (
  quote_id uuid NOT NULL REFERENCES quotes (id),
  revision bigint NOT NULL,
  product_id text NOT NULL,
  product_key text NOT NULL,
  PRIMARY KEY (quote_id, revision, product_id)
);

-- Which products a quote had, from when to when; no end: it still has them.
--   SELECT product_key FROM active_products WHERE quote_id = $1 AND active_from <= $2 AND (active_to > $2 OR active_to IS NULL);
CREATE OR REPLACE VIEW active_products AS
SELECT quote_id, product_id, product_key, active_from, active_to
FROM (
  SELECT quote_id, revision, updated_at AS active_from,
    lead(updated_at) OVER (PARTITION BY quote_id ORDER BY revision) AS active_to
  FROM quote_updates
) AS updates
JOIN quote_update_products USING (quote_id, revision);
