CREATE TABLE IF NOT EXISTS quotes (
  id char(36) PRIMARY KEY,
  reference text NOT NULL,
  contact json,
  started_at datetime(3) NOT NULL,
  is_first_quote boolean,
  revision bigint NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS quote_items (
  quote_id char(36) NOT NULL,
  product_id varchar(64) NOT NULL,
  rate_key varchar(64) NOT NULL,
  product_key varchar(64) NOT NULL,
  product_name text,
  product_total decimal(14, 4),
  product_ipt decimal(14, 4),
  description text,
  is_offered boolean,
  base_premium decimal(14, 4),
  loading decimal(14, 4),
  discount decimal(14, 4),
  ipt decimal(14, 4),
  commission decimal(14, 4),
  total decimal(14, 4),
  status text,
  rating_attributes json,
  errors json,
  revision bigint NOT NULL,
  PRIMARY KEY (quote_id, product_id, rate_key),
  FOREIGN KEY (quote_id) REFERENCES quotes (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS quote_updates (
  quote_id char(36) NOT NULL,
  revision bigint NOT NULL,
  updated_at datetime(3) NOT NULL,
  PRIMARY KEY (quote_id, revision),
  FOREIGN KEY (quote_id) REFERENCES quotes (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS quote_update_products (
  quote_id char(36) NOT NULL,
  revision bigint NOT NULL,
  product_id varchar(64) NOT NULL,
  product_key varchar(64) NOT NULL,
  PRIMARY KEY (quote_id, revision, product_id),
  FOREIGN KEY (quote_id) REFERENCES quotes (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which products a quote had, from when to when; no end: it still has them.
--   SELECT product_key FROM active_products WHERE quote_id = ? AND active_from <= ? AND (active_to > ? OR active_to IS NULL);
CREATE OR REPLACE VIEW active_products AS
SELECT quote_id, product_id, product_key, active_from, active_to
FROM (
  SELECT quote_id, revision, updated_at AS active_from,
    lead(updated_at) OVER (PARTITION BY quote_id ORDER BY revision) AS active_to
  FROM quote_updates
) AS updates
JOIN quote_update_products USING (quote_id, revision);
